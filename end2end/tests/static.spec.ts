import { fillIn, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';

test('an app in the browser with redirects and headers', async ({ page, panel, git, complaints }) => {
  complaints.excuse(/spa\.apps\.localhost\S*favicon/);
  const repository = git.repository('spa', {
    'index.html': '<h1>Every page</h1>',
    'about.html': '<h1>About</h1>',
    _redirects: '/old/* /new/:splat 302\n/about /about.html 200\n',
    _headers: '/*\n  X-Frame-Options: DENY\n',
  });
  await fillIn(page, 'Static files', { Name: 'spa', Repository: repository.url });
  await page.getByLabel('Answer with index.html where there is no file').check();
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await isLive(page, 1);

  const opened = page.context().waitForEvent('page');
  await page.getByRole('link', { name: 'Open', exact: true }).click();
  const site = await opened;
  const answer = await site.goto(new URL('/old/page?x=1', site.url()).href);
  await expect(site).toHaveURL(/\/new\/page\?x=1$/);
  await expect(site.getByRole('heading', { name: 'Every page' })).toBeVisible();
  expect(answer?.headers()['x-frame-options']).toBe('DENY');
  await site.goto(new URL('/about', site.url()).href);
  await expect(site.getByRole('heading', { name: 'About' })).toBeVisible();
  await site.close();

  await page.goto('/apps/spa/settings');
  await expect(page.getByLabel('Answer with index.html where there is no file')).toBeChecked();
  expect(await panel.containers()).not.toContainEqual(expect.stringContaining('-spa-'));
});
