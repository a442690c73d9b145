import { deployNew, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { inspect, widths } from '../support/pages.ts';

test('names: added, led elsewhere, put first, maintenance on and off, and all of them in a list', async ({
  page,
  panel,
  image,
  complaints,
}) => {
  await deployNew(page, 'Image', { Name: 'gate', Image: image });
  await isLive(page, 1);
  await open(page, '/apps/gate/domains');
  const names = page.getByRole('region', { name: 'Names', exact: true });
  await expect(names.getByRole('row', { name: /from the app's name/ })).toBeVisible();

  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('gate.example.com');
  await page.getByRole('button', { name: 'Add name' }).click();
  await expect(names.getByRole('row', { name: /^gate\.example\.com/ })).toContainText('this app');

  await test.step('what is no name is said beside its field', async () => {
    complaints.excuse(/status of 422/);
    const field = page.getByRole('textbox', { name: 'Name', exact: true });
    await field.fill('a.example.com; }');
    await page.getByRole('button', { name: 'Add name' }).click();
    await expect(field).toHaveAttribute('aria-invalid', 'true');
  });

  await test.step('its www leads to it at one press', async () => {
    await names.getByRole('button', { name: 'Lead www.gate.example.com here' }).click();
    await expect(names.getByRole('row', { name: /^www\.gate\.example\.com/ })).toContainText('→ gate.example.com');
  });

  await test.step('a redirect of ones own', async () => {
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('old.example.com');
    await page.getByRole('combobox', { name: 'Leads to' }).selectOption('redirect');
    await page.getByRole('textbox', { name: /^Host/ }).fill('gate.example.com');
    await page.getByRole('combobox', { name: 'Told as' }).selectOption('308');
    await page.getByRole('button', { name: 'Add name' }).click();
    await expect(names.getByRole('row', { name: /^old\.example\.com/ })).toContainText('(308)');
  });

  await test.step('maintenance answers in its place, and says who switched it on', async () => {
    await page.getByText("Answer with a page in the app's place").click();
    await page.getByRole('textbox', { name: /^What visitors read/ }).fill('Back at nine.');
    await page.getByRole('button', { name: 'Switch maintenance on' }).click();
    await expect(page.getByText('Maintenance is on')).toBeVisible();
    await expect(page.getByText('Switched on by')).toBeVisible();
    expect((await panel.visit('gate')).status).toBe(503);
    await page.getByRole('button', { name: 'Switch maintenance off' }).click();
    await expect(page.getByText('Maintenance is on')).toHaveCount(0);
    expect((await panel.visit('gate')).status).toBe(200);
  });

  await test.step('a setting of the proxy, with its effective value', async () => {
    await open(page, '/apps/gate/proxy');
    await page.getByRole('textbox', { name: /^Largest request body/ }).fill('20m');
    await page.getByRole('button', { name: 'Save proxy settings' }).click();
    await expect(page.getByText('Now 20m, set for this app; by default 1m.')).toBeVisible();
  });

  for (const width of ['phone', 'laptop'] as const) {
    await page.setViewportSize(widths[width]);
    for (const [path, name] of [
      ['/apps/gate/domains', 'domains-tab'],
      ['/apps/gate/proxy', 'proxy'],
      ['/domains?q=gate', 'domains'],
      ['/host/nginx', 'nginx'],
    ] as const) {
      await open(page, path);
      await inspect(page, name, width);
    }
  }

  await open(page, '/domains?q=old.example');
  await expect(page.getByRole('row', { name: /^old\.example\.com/ })).toBeVisible();
  await open(page, '/host/nginx');
  await expect(page.getByText(/generation \d+ answers/)).toBeVisible();
  await page.getByRole('link', { name: 'app-gate.conf' }).first().click();
  await expect(page.getByText('server_name')).toBeVisible();
  await open(page, '/apps/gate/domains');
  await names.getByRole('button', { name: 'Remove old.example.com' }).click();
  await expect(names.getByRole('row', { name: /^old\.example\.com/ })).toHaveCount(0);
});

test("what a hand changed in nginx's files is shown, left behind in the open, and dropped", async ({
  page,
  panel,
  image,
}) => {
  await deployNew(page, 'Image', { Name: 'hand', Image: image });
  await isLive(page, 1);
  panel.changeByHand('app-hand.conf', '# by hand\n');
  await open(page, '/host/nginx');
  await expect(page.getByText('Somebody changed these files by hand.')).toBeVisible();
  await page.getByRole('button', { name: 'Put back as written' }).click();
  const left = page.getByText(/^What a hand changed in generation \d+ is not served any more\.$/);
  await expect(left).toBeVisible();
  for (const width of ['phone', 'laptop'] as const) {
    await page.setViewportSize(widths[width]);
    await inspect(page, 'nginx-left', width);
  }
  await page.getByRole('link', { name: 'What was changed' }).click();
  await expect(page.getByText('# by hand')).toBeVisible();
  await page.getByRole('button', { name: 'Drop it' }).click();
  await expect(left).toHaveCount(0);
});
