import { deployAgain, deployNew, dockerfile, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';

test('static files from git', async ({ page, panel, git, complaints }) => {
  // The site has no icon, and the browser asks it for one.
  complaints.excuse(/pages\.apps\.localhost\S*favicon/);
  const repository = git.repository('pages', { 'public/index.html': '<h1>Pages, first edition</h1>' });
  await deployNew(page, 'Static files', { Name: 'pages', Repository: repository.url, 'Folder to serve': 'public' });
  await isLive(page, 1);
  await expect(page.getByRole('status').getByText(/ 0 failed\.$|^Nothing served before it/)).toBeVisible();

  const opened = page.context().waitForEvent('page');
  await page.getByRole('link', { name: 'Open', exact: true }).click();
  const site = await opened;
  await expect(site.getByRole('heading', { name: 'Pages, first edition' })).toBeVisible();
  expect(new URL(site.url()).hostname).toBe('pages.apps.localhost');
  await site.close();
  expect(await panel.containers()).not.toContainEqual(expect.stringContaining('-pages-'));
});

test('an image that the engine has', async ({ page, panel, image }) => {
  await deployNew(page, 'Image', { Name: 'plain', Image: image });
  await isLive(page, 1);
  expect(await panel.visit('plain')).toEqual({ status: 200, body: 'no version' });
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'plain' }).click();
  await expect(page.getByText('Serving')).toBeVisible();
  await expect(page.getByRole('region', { name: 'How a request reaches it' })).toContainText('plain.apps.localhost');
});

test('a Dockerfile: its log is live, and a push goes live without a failed request', async ({
  page,
  panel,
  git,
  image,
}) => {
  const repository = git.repository('shop', dockerfile(image, 'shop one', 4));
  await deployNew(page, 'Dockerfile', { Name: 'shop', Repository: repository.url });
  const log = page.getByRole('log', { name: 'Log of Build' });
  await expect(log).toContainText('brick number 2');
  await expect(page.getByRole('button', { name: 'Cancel deploy' })).toBeVisible();
  await expect(page.getByText('Release 1 is on its way.')).toBeVisible();
  await isLive(page, 1);
  expect(await panel.visit('shop')).toEqual({ status: 200, body: 'shop one' });

  const commit = repository.push('The second version', dockerfile(image, 'shop two'));
  const load = panel.load('shop');
  await deployAgain(page, 'shop', 2);
  await isLive(page, 2);
  await expect(page.getByRole('status').getByText(/^\d+ requests during the switch, 0 failed\.$/)).toBeVisible();
  const proof = page.getByRole('region', { name: 'Proof of the switch' });
  await expect(proof.getByRole('definition').nth(1)).toHaveText('0');
  const release = page.getByRole('region', { name: 'Release 2' });
  await expect(release).toContainText(`main@${commit.slice(0, 7)}`);
  await expect(release).toContainText('The second version');

  const { sent, failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect(sent).toBeGreaterThan(20);
  expect([...bodies]).toEqual(['shop one', 'shop two']);
  await expect
    .poll(async () => (await panel.containers()).filter((name) => name.includes('-shop-')))
    .toEqual([expect.stringContaining('-shop-r2-')]);
});

test('another window follows without a reload', async ({ page, panel, git }) => {
  const repository = git.repository('followed', { 'index.html': 'followed' });
  const today = await page.context().newPage();
  await today.goto('/');
  await expect(today.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
  await deployNew(page, 'Static files', { Name: 'followed', Repository: repository.url });
  const row = today.getByRole('region', { name: 'Apps', exact: true }).getByRole('row', { name: 'followed' });
  await expect(row).toBeVisible();
  await expect(row).toContainText('Serving');
  await today.close();
  expect((await panel.visit('followed')).body).toBe('followed');
});
