import { claimedBy, open, windowOf } from '../support/owner.ts';
import { expect, test } from '../support/door.ts';

test('out and in again, with the button and no name typed', async ({ browser, page, panel, authenticator }) => {
  const owner = await claimedBy(browser, panel);
  await authenticator.hold(owner.credential);
  await open(page, panel.origin);
  await expect(page).toHaveURL(/\/sign-in/);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  expect((await page.context().cookies()).filter(({ name }) => name === '__Host-sid')).toEqual([]);

  await test.step('the session is over, not only forgotten', async () => {
    await open(page, `${panel.origin}/apps`);
    await expect(page).toHaveURL(/\/sign-in/);
  });
});

test('a page that is open does not keep the panel from stopping', async ({ browser, panel }) => {
  const owner = await claimedBy(browser, panel);
  const context = await windowOf(browser, panel, owner);
  const page = await context.newPage();
  const streaming = page.waitForRequest(/\/events$/);
  await page.goto('/');
  await streaming;
  const began = Date.now();
  await panel.kill('SIGTERM');
  expect(Date.now() - began).toBeLessThan(15_000);
  await context.close();
});

test('the browser offers the passkey in a field', async ({ browser, page, panel, authenticator }) => {
  const owner = await claimedBy(browser, panel);
  await authenticator.hold(owner.credential);
  await open(page, `${panel.origin}/sign-in`);
  await page.getByRole('textbox', { name: 'Passkey from autofill' }).focus();
  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
});

test('a passkey that does not know the person lets nobody in, and the page recovers', async ({
  browser,
  page,
  panel,
  authenticator,
}) => {
  const owner = await claimedBy(browser, panel);
  await authenticator.hold(owner.credential);
  await authenticator.verifies(false);
  await open(page, `${panel.origin}/sign-in`);
  const button = page.getByRole('button', { name: 'Sign in with a passkey' });
  await button.click();
  await expect(page.getByRole('alert')).toContainText('No passkey was used.');
  await expect(button).toBeEnabled();

  await authenticator.verifies(true);
  await button.click();
  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
});

test('signing out needs no script', async ({ browser, panel }) => {
  const owner = await claimedBy(browser, panel);
  const context = await windowOf(browser, panel, owner, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  expect(await page.content()).toContain('Passkeys need JavaScript');
  await page.goto('/apps');
  await expect(page).toHaveURL(/\/sign-in/);
  await context.close();
});
