import { deployNew, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { inspect, widths } from '../support/pages.ts';

const id = '6ff42ae2-765d-4adf-8112-31c55c1551ef';
const secret = Buffer.alloc(32, 7).toString('base64');
const token = Buffer.from(JSON.stringify({ a: '699d98642c564d2e855e9661899b7252', t: id, s: secret })).toString('base64');

test('a tunnel is set up, a name comes in by it alone, and it is removed', async ({
  page,
  panel,
  image,
  authenticator,
  complaints,
}) => {
  // A token asks for the passkey.
  void authenticator;
  await deployNew(page, 'Image', { Name: 'cave', Image: image });
  await isLive(page, 1);
  await open(page, '/settings');
  await page.getByRole('link', { name: 'Tunnel', exact: true }).click();
  const field = page.getByLabel('Token');

  await test.step('what is no token is said beside its field', async () => {
    complaints.excuse(/status of (422|403)/);
    await field.fill('eyJ-no-token');
    await page.getByRole('button', { name: 'Keep it and connect' }).click();
    await expect(field).toHaveAttribute('aria-invalid', 'true');
  });

  await test.step('the whole command is taken', async () => {
    await field.fill(`sudo cloudflared service install ${token}`);
    await page.getByRole('button', { name: 'Keep it and connect' }).click();
    const tunnel = page.getByRole('region', { name: 'Tunnel', exact: true });
    await expect(tunnel).toContainText(id);
    await expect(page.getByRole('region', { name: 'At Cloudflare' })).toContainText('http://127.0.0.1:');
    // This panel's image of cloudflared is nowhere to be had.
    await expect(tunnel).toContainText('In trouble', { timeout: 30_000 });
    await expect(tunnel).toContainText('--tunnel-image');
    await expect(page.getByText('eyJ')).toHaveCount(0);
  });

  await test.step('a name comes in by it, and is not answered at the public port', async () => {
    expect((await panel.visit('cave')).status).toBe(200);
    await open(page, '/apps/cave/domains');
    const names = page.getByRole('region', { name: 'Names', exact: true });
    await expect(names.getByRole('row', { name: /from the app's name/ })).toContainText('Directly');
    await open(page, '/domains/cave.apps.localhost');
    await page.getByRole('button', { name: 'Let it come in through the tunnel only' }).click();
    await expect(page.getByRole('button', { name: 'Let it come in directly' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'Way in' })).toContainText('Only through the tunnel');
    await open(page, '/apps/cave/domains');
    await expect(names.getByRole('row', { name: /from the app's name/ })).toContainText('Through the tunnel');
    await open(page, '/domains');
    await expect(page.getByRole('row', { name: /^cave\.apps\.localhost/ })).toContainText('Through the tunnel');
    await open(page, '/settings/tunnel');
    await expect(page.getByRole('table', { name: 'Names that come in through the tunnel' })).toContainText('cave');
  });

  for (const width of ['phone', 'laptop'] as const) {
    await page.setViewportSize(widths[width]);
    await inspect(page, 'tunnel', width);
  }

  await test.step('it goes, and the name is let in directly', async () => {
    await page.getByRole('button', { name: 'Remove the tunnel' }).click();
    await expect(page.getByText('Names still come in by a tunnel that is not there.')).toBeVisible();
    await open(page, '/domains/cave.apps.localhost');
    await page.getByRole('button', { name: 'Let it come in directly' }).click();
    await expect(page.getByRole('region', { name: 'Way in' })).toContainText('Directly');
    expect((await panel.visit('cave')).status).toBe(200);
  });
});
