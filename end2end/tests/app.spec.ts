import { deployNew, fillIn, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';

test('environment: pasted, masked, waiting for the next deploy, then with the app', async ({
  page,
  panel,
  image,
  complaints,
}) => {
  await deployNew(page, 'Image', { Name: 'greeter', Image: image });
  await isLive(page, 1);
  await open(page, '/apps/greeter/environment');
  const lines = '# of the shop\nVERSION="hello from # the environment"\nAPI_TOKEN=hunter2-hunter2\n';
  await page.getByRole('textbox', { name: 'Lines as in a .env file' }).fill(lines);
  await page.getByRole('button', { name: 'Save variables' }).click();

  const variables = page.getByRole('region', { name: 'Variables', exact: true });
  const version = variables.getByRole('row', { name: /^VERSION/ });
  const token = variables.getByRole('row', { name: /^API_TOKEN/ });
  await expect(version).toContainText('hello from # the environment');
  await expect(version).toContainText('pending');
  await expect(token).toContainText('secret');
  await expect(page.getByText('2 variables wait to be applied.')).toBeVisible();
  await page.reload();
  await expect(token).toContainText('secret');
  expect(await page.content()).not.toContain('hunter2');
  expect((await panel.visit('greeter')).body).toBe('no version');

  await open(page, '/apps/greeter/environment');
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await isLive(page, 2);
  expect((await panel.visit('greeter')).body).toBe('hello from # the environment');
  await open(page, '/apps/greeter/environment');
  await expect(version).toBeVisible();
  await expect(variables.getByText('pending')).toHaveCount(0);

  await test.step('a line that does not parse stays beside the field', async () => {
    complaints.excuse(/status of 422/);
    await page.getByRole('textbox', { name: 'Lines as in a .env file' }).fill('1BAD=x');
    await page.getByRole('button', { name: 'Save variables' }).click();
    const field = page.getByRole('textbox', { name: 'Lines as in a .env file' });
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveValue('1BAD=x');
    await expect(variables.getByRole('row', { name: /BAD/ })).toHaveCount(0);
  });
});

test('deleting asks for the name and the passkey', async ({
  page,
  panel,
  git,
  image,
  authenticator,
  complaints,
}) => {
  // Refused for want of a passkey, then for the name; and the page asks once more for what is gone.
  complaints.excuse(/status of (403|404|422)/);
  expect(await authenticator.credentials()).toHaveLength(1);
  await deployNew(page, 'Image', { Name: 'doomed', Image: image });
  await isLive(page, 1);
  const other = git.repository('spared', { 'index.html': 'spared' });
  await deployNew(page, 'Static files', { Name: 'spared', Repository: other.url });
  await isLive(page, 1);

  await open(page, '/apps/doomed/settings');
  const typed = page.getByRole('textbox', { name: 'Type doomed to confirm' });
  const asked = page.waitForResponse(/\/passkeys\/step-up\/finish$/);
  await typed.fill('spared');
  await page.getByRole('button', { name: 'Delete doomed' }).click();
  expect((await asked).status()).toBe(200);
  await expect(typed).toHaveAttribute('aria-invalid', 'true');
  expect((await panel.visit('doomed')).status).toBe(200);

  await typed.fill('doomed');
  await page.getByRole('button', { name: 'Delete doomed' }).click();
  await expect(page).toHaveURL(/\/apps$/);
  await expect(page.getByRole('row', { name: /^spared/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /^doomed/ })).toHaveCount(0);
  await expect.poll(async () => (await panel.containers()).filter((name) => name.includes('-doomed-'))).toEqual([]);
  await expect(panel.visit('doomed')).rejects.toThrow();
  expect((await panel.visit('spared')).body).toBe('spared');
});

const bad: [string, string, Parameters<typeof fillIn>[1], Record<string, string>][] = [
  ['Name', '$(touch x)', 'Image', { Image: 'busybox' }],
  ['Name', '../../etc', 'Image', { Image: 'busybox' }],
  ['Image', '--privileged', 'Image', { Name: 'bad' }],
  ['Repository', '--upload-pack=touch x', 'Dockerfile', { Name: 'bad' }],
  ['Repository', 'file:///etc', 'Static files', { Name: 'bad' }],
  ['Branch', '-main', 'Static files', { Name: 'bad', Repository: 'http://127.0.0.1:1/a.git' }],
  ['Folder to build', '../..', 'Dockerfile', { Name: 'bad', Repository: 'http://127.0.0.1:1/a.git' }],
  ['Port', '99999', 'Image', { Name: 'bad', Image: 'busybox' }],
  ['Health path', '/a; return 200', 'Image', { Name: 'bad', Image: 'busybox' }],
];

test('what is typed wrong is said beside its field, and nothing is made', async ({ page, panel, complaints }) => {
  complaints.excuse(/status of 422/);
  for (const [label, value, kind, others] of bad) {
    await test.step(`${label}: ${value}`, async () => {
      await fillIn(page, kind, { ...others, [label]: value });
      await page.getByRole('button', { name: 'Deploy', exact: true }).click();
      const field = page.getByRole('textbox', { name: new RegExp(`^${label}( optional)?$`) });
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await expect(field).toHaveAccessibleDescription(/\S+ \S+/);
      await expect(field).toHaveValue(value);
      await expect(page).toHaveURL(/\/new/);
    });
  }
  await open(page, '/apps?q=bad');
  await expect(page.getByRole('row', { name: /^bad/ })).toHaveCount(0);
  expect((await panel.containers()).filter((name) => /-bad-|touch/.test(name))).toEqual([]);
});
