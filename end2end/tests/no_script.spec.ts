import { expect, test } from '../support/home.ts';
import { windowOf } from '../support/owner.ts';

test('without script every page reads, leads on, and deploys', async ({ browser, home, panel, git }) => {
  const repository = git.repository('plainly', { 'index.html': 'plainly there' });
  const context = await windowOf(browser, panel, home.owner, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Apps' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Apps' })).toBeVisible();

  await page.goto('/new?kind=static');
  await page.getByRole('textbox', { name: /^Name/ }).fill('plainly');
  await page.getByRole('textbox', { name: /^Repository/ }).fill(repository.url);
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'plainly: release 1' })).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('Release 1 is live.')).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 30_000 });
  expect((await panel.visit('plainly')).body).toBe('plainly there');

  await page.goto('/apps/plainly');
  await expect(page.getByText('Serving').first()).toBeVisible();
  await page.getByRole('link', { name: 'Release 1' }).first().click();
  await expect(page.getByRole('region', { name: 'Steps' })).toContainText('Fetch');
  await page.goto('/apps?q=plainly');
  await expect(page.getByRole('row', { name: /^plainly/ })).toBeVisible();
  await context.close();
});
