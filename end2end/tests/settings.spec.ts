import type { Page } from '@playwright/test';

import { claimedBy, open, windowOf } from '../support/owner.ts';
import { expect, test } from '../support/door.ts';
import { Authenticator } from '../support/passkey.ts';

const passkeys = (page: Page) => page.getByRole('region', { name: 'Passkeys' });
const sessions = (page: Page) => page.getByRole('region', { name: 'Sessions' });
/** The rows below the head. */
const rows = (page: Page, of: typeof passkeys) => of(page).getByRole('row').filter({ has: page.getByRole('rowheader') });

test('passkeys are added and removed, and the last one stays', async ({ browser, panel }) => {
  const owner = await claimedBy(browser, panel);
  const context = await windowOf(browser, panel, owner);
  const page = await context.newPage();
  const laptop = await Authenticator.beside(page);
  await laptop.hold(owner.credential);
  await open(page, '/settings');
  await expect(rows(page, passkeys)).toHaveCount(1);
  await expect(passkeys(page).getByRole('button', { name: /^Remove/ })).toHaveCount(0);

  await test.step('new recovery codes ask for the passkey and are shown once', async () => {
    const asked = page.waitForResponse(/\/passkeys\/step-up\/finish$/);
    await page.getByRole('button', { name: 'Make new codes' }).click();
    expect((await asked).status()).toBe(200);
    const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
    await expect(codes).toHaveCount(10);
    expect(await codes.allTextContents()).not.toEqual(owner.codes);
    await open(page, '/settings');
    await expect(codes).toHaveCount(0);
  });

  await test.step('the other device gets one too, without being asked again so soon', async () => {
    await laptop.remove();
    const phone = await Authenticator.beside(page);
    await page.getByRole('textbox', { name: 'Name of a new passkey' }).fill('Phone');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await expect(rows(page, passkeys)).toHaveCount(2);
    await expect(passkeys(page).getByRole('row', { name: 'Phone' })).toBeVisible();
    expect(await phone.credentials()).toHaveLength(1);
  });

  await test.step('a name can be changed', async () => {
    await passkeys(page).getByRole('button', { name: 'Rename Phone' }).click();
    await page.getByRole('textbox', { name: 'New name of Phone' }).fill('Old phone');
    await page.getByRole('button', { name: 'Save the name' }).click();
    await expect(passkeys(page).getByRole('row', { name: 'Old phone' })).toBeVisible();
  });

  await test.step('one can be removed, the last one not', async () => {
    await passkeys(page).getByRole('button', { name: 'Remove Old phone' }).click();
    await passkeys(page).getByRole('button', { name: 'Really remove Old phone' }).click();
    await expect(rows(page, passkeys)).toHaveCount(1);
    await expect(passkeys(page).getByRole('button', { name: /^Remove/ })).toHaveCount(0);
  });
  await context.close();
});

test('sessions are listed and ended', async ({ browser, panel }) => {
  const owner = await claimedBy(browser, panel);
  const context = await windowOf(browser, panel, owner);
  const page = await context.newPage();
  const other = await browser.newContext({ baseURL: panel.origin });
  const elsewhere = await other.newPage();
  const authenticator = await Authenticator.beside(elsewhere);
  await authenticator.hold(owner.credential);
  await open(elsewhere, '/sign-in');
  await elsewhere.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(elsewhere.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();

  await open(page, '/settings');
  await expect(rows(page, sessions)).toHaveCount(2);
  await expect(rows(page, sessions).filter({ hasText: 'this session' })).toHaveCount(1);
  await sessions(page).getByRole('button', { name: /^End the session of/ }).click();
  await expect(rows(page, sessions)).toHaveCount(1);

  await elsewhere.goto('/apps');
  await expect(elsewhere).toHaveURL(/\/sign-in/);
  await other.close();
  await context.close();
});
