import { claim, open } from '../support/owner.ts';
import { expect, test } from '../support/door.ts';
import { Authenticator } from '../support/passkey.ts';

test('claiming makes a resident passkey, shows the codes once, and Today says what to do first', async ({
  page,
  panel,
  authenticator,
  complaints,
}) => {
  const link = panel.claimLink;
  const codes = await claim(page, panel);

  const credentials = await authenticator.credentials();
  expect(credentials).toHaveLength(1);
  expect(credentials[0]).toMatchObject({ isResidentCredential: true, rpId: 'localhost' });
  expect(Buffer.from(credentials[0].userHandle, 'base64')).toHaveLength(16);
  const [cookie] = (await page.context().cookies()).filter(({ name }) => name === '__Host-sid');
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/', domain: 'localhost' });

  expect(codes).toHaveLength(10);
  expect(new Set(codes).size).toBe(10);
  await page.getByRole('link', { name: 'I have kept them' }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
  await expect(page.getByText('Nothing is deployed yet')).toBeVisible();
  const first = page.getByRole('region', { name: 'Deploy your first app' });
  for (const way of ['A folder of static files', 'A Dockerfile', 'An image']) {
    await expect(first.getByRole('link', { name: way })).toBeVisible();
  }
  await expect(page.getByRole('region', { name: 'Host names' })).toContainText('shop.apps.localhost');
  expect(await page.content()).not.toContain(codes[0]);

  await test.step('the link works once', async () => {
    complaints.excuse(/status of 4\d\d/);
    await page.context().clearCookies();
    // Another page first: the address differs from the last one by its fragment only.
    await open(page, `${panel.origin}/sign-in`);
    await open(page, link);
    await page.getByRole('button', { name: 'Create a passkey' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    expect(await authenticator.credentials()).toHaveLength(1);
  });
});

test('a device that cannot keep passkeys is refused, and the link stays good', async ({ page, panel }) => {
  const old = await Authenticator.beside(page, { residentKeys: false });
  await open(page, panel.claimLink);
  await page.getByRole('button', { name: 'Create a passkey' }).click();
  const alert = page.getByRole('alert');
  await expect(alert).toBeVisible();
  await expect(alert).toContainText(/passkey/);
  await expect(page.getByRole('button', { name: 'Create a passkey' })).toBeEnabled();
  expect(await old.credentials()).toEqual([]);

  await old.remove();
  await Authenticator.beside(page);
  expect(await claim(page, panel)).toHaveLength(10);
});

test('the claim page without the token says where the link comes from', async ({ page, panel }) => {
  await open(page, `${panel.origin}/claim`);
  await expect(page.getByText('This page needs the link from the console.')).toBeVisible();
  await expect(page.getByText('homeport claim-token')).toBeVisible();
});
