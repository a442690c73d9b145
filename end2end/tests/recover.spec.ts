import type { Page } from '@playwright/test';

import { claimedBy, open } from '../support/owner.ts';
import { expect, test } from '../support/door.ts';
import type { Panel } from '../support/panel.ts';

/** Whoever came in by recovery adds a passkey before anything else opens. */
async function addsPasskey(page: Page, panel: Panel): Promise<void> {
  await expect(page).toHaveURL(/\/settings/);
  await expect(page.getByText('Add a passkey now.')).toBeVisible();
  await open(page, `${panel.origin}/apps`);
  await expect(page.getByText('Add a passkey now.')).toBeVisible();
  await page.getByRole('textbox', { name: 'Name of a new passkey' }).fill('New phone');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.getByText('Add a passkey now.')).toBeHidden();
  await open(page, panel.origin);
  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
}

test('a recovery code gets in once, and only to add a passkey', async ({
  browser,
  page,
  panel,
  authenticator,
  complaints,
}) => {
  complaints.excuse(/status of 4\d\d/);
  const { codes } = await claimedBy(browser, panel);
  await open(page, `${panel.origin}/sign-in`);
  await page.getByRole('link', { name: 'Lost your passkey?' }).click();
  const code = page.getByRole('textbox', { name: 'Recovery code' });
  await code.fill('aaaa-aaaa-aaaa-aaaa-aaaa');
  await page.getByRole('button', { name: 'Use this code' }).click();
  await expect(code).toHaveAttribute('aria-invalid', 'true');
  await expect(code).toHaveAccessibleDescription(/./);

  await code.fill(codes[0]);
  await page.getByRole('button', { name: 'Use this code' }).click();
  await addsPasskey(page, panel);
  expect(await authenticator.credentials()).toHaveLength(1);

  await test.step('the code is used up', async () => {
    await page.context().clearCookies();
    await open(page, `${panel.origin}/recover`);
    await code.fill(codes[0]);
    await page.getByRole('button', { name: 'Use this code' }).click();
    await expect(code).toHaveAttribute('aria-invalid', 'true');
  });
});

test('the link of `homeport recover` gets in once, and only to add a passkey', async ({
  browser,
  page,
  panel,
  authenticator,
  complaints,
}) => {
  complaints.excuse(/status of 4\d\d/);
  await claimedBy(browser, panel);
  const link = await panel.recoverLink();
  expect(link).toMatch(/\/recover#\S{20,}$/);
  await open(page, link);
  await page.getByRole('button', { name: 'Get back in' }).click();
  await addsPasskey(page, panel);
  expect(await authenticator.credentials()).toHaveLength(1);

  await test.step('the link is used up', async () => {
    await page.context().clearCookies();
    await open(page, `${panel.origin}/sign-in`);
    await open(page, link);
    await page.getByRole('button', { name: 'Get back in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page).toHaveURL(/\/recover/);
  });
});
