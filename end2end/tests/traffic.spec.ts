import { fillIn, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { inspect } from '../support/pages.ts';

test('traffic: figures, charts and the newest requests of an app', async ({ page, panel, git }) => {
  test.setTimeout(180_000);
  const repository = git.repository('visited', { 'index.html': '<h1>Visited</h1>' });
  await fillIn(page, 'Static files', { Name: 'visited', Repository: repository.url });
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await isLive(page, 1);
  await open(page, '/apps/visited/traffic');
  await expect(page.getByRole('heading', { name: 'Traffic in the last 24 hours' })).toBeVisible();

  const app = 'visited';
  for (let count = 0; count < 12; count++) expect((await panel.visit(app)).status).toBe(200);
  for (let count = 0; count < 3; count++) expect((await panel.visit(app, '/none?token=hunter2')).status).toBe(404);

  await test.step('the log is looked at every ten seconds', async () => {
    await expect(async () => {
      await open(page, '/apps/visited/traffic?window=1h');
      await expect(page.getByRole('listitem').filter({ hasText: /^\d+ 4xx$/ })).toHaveText('3 4xx', { timeout: 1_000 });
    }).toPass({ timeout: 60_000 });
    await expect(page.getByRole('img', { name: /requests in the last hour$/ })).toBeVisible();
    await expect(page.getByRole('img', { name: /^Answer times: 95 of 100 within / })).toBeVisible();
    await expect(page.getByRole('list', { name: 'Deploys in this time' }).getByRole('link')).toHaveText('release 1');
    for (const width of ['phone', 'laptop'] as const) await inspect(page, 'traffic', width);
  });

  await test.step('only what went wrong, and no query', async () => {
    await page.getByRole('link', { name: 'Errors only' }).click();
    await expect(page).toHaveURL(/window=1h&show=errors$/);
    const rows = page.getByRole('row', { name: /GET/ });
    await expect(rows).toHaveCount(3);
    await expect(rows.first()).toContainText('/none');
    await expect(page.locator('main')).not.toContainText('hunter2');
  });

  await test.step('another length of time is a link', async () => {
    await page.getByRole('navigation', { name: 'How far back' }).getByRole('link', { name: '7 d' }).click();
    await expect(page.getByRole('heading', { name: 'Traffic in the last 7 days' })).toBeVisible();
    await page.getByText('The figures as a table').click();
    await expect(page.getByRole('columnheader', { name: 'p99' })).toBeVisible();
    await inspect(page, 'traffic_table', 'phone');
  });
});
