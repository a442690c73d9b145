import { dockerfile } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { Pusher } from '../support/pusher.ts';

test('git push over HTTPS: a new app, its build in the terminal, and a deploy that fails fails the push', async ({
  page,
  panel,
  image,
  authenticator,
  complaints,
}) => {
  // Asked for a fresh passkey; and the page of a deploy that is not there yet.
  complaints.excuse(/status of (403|404)/);
  expect(await authenticator.credentials()).toHaveLength(1);
  await open(page, '/settings');
  const tokens = page.getByRole('region', { name: 'API tokens' });
  await tokens.getByRole('textbox', { name: 'What the token is for' }).fill('git');
  await tokens.getByRole('button', { name: 'Make a token' }).click();
  const token = (await tokens.getByText(/^hpt_[0-9a-f]{64}$/).textContent()) ?? '';

  const pusher = new Pusher();
  await pusher.commit('First', dockerfile(image, 'pushed one', 3));
  const remote = `${panel.origin.replace('//', `//ada:${token}@`)}/git/pushed`;
  await pusher.git('remote', 'add', 'homeport', remote);
  const pushing = pusher.git('push', 'homeport', 'main');
  // The page follows the deploy that the terminal shows.
  await expect(async () => {
    await page.goto('/apps/pushed/deploys/1');
    await expect(page.getByRole('heading', { level: 1, name: 'pushed: release 1' })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await expect(page.getByRole('log', { name: 'Log of Build' })).toContainText('brick number 2', { timeout: 30_000 });
  const first = await pushing;
  expect(first.text).toContain('brick number 1');
  expect(first.text).toMatch(/Live: http:\/\/pushed\.apps\.localhost/);
  expect(first.ok).toBe(true);
  expect(await panel.visit('pushed')).toEqual({ status: 200, body: 'pushed one' });

  await pusher.commit('Broken', { Dockerfile: `FROM ${image}\nRUN echo "no such brick"; false\n` });
  const broken = await pusher.git('push', 'homeport', 'main');
  expect(broken.ok).toBe(false);
  expect(broken.text).toContain('no such brick');
  expect(broken.text).toContain('[remote rejected]');
  expect((await panel.visit('pushed')).body).toBe('pushed one');

  await open(page, '/apps/pushed');
  const how = page.getByRole('region', { name: 'Push to deploy' });
  await expect(how).toContainText(`git remote add homeport ${panel.origin}/git/pushed`);
  await expect(how).toContainText(`git remote add homeport ssh://git@localhost:${panel.ports.ssh}/pushed`);
  await expect(how).toContainText('git push homeport main');

  await open(page, '/settings');
  await tokens.getByRole('button', { name: /^Revoke/ }).click();
  await expect(tokens).toContainText('No token yet.');
  await pusher.commit('Too late', { Dockerfile: `FROM ${image}\n` });
  expect((await pusher.git('push', 'homeport', 'main')).text).toContain('Authentication failed');
});

test('git push over SSH with a key from Settings, until the key is removed', async ({
  page,
  panel,
  authenticator,
  complaints,
}) => {
  complaints.excuse(/status of (403|409|422)/);
  expect(await authenticator.credentials()).toHaveLength(1);
  const pusher = new Pusher();
  const key = pusher.makeKey();
  await open(page, '/settings');
  const keys = page.getByRole('region', { name: 'SSH keys' });
  await expect(keys).toContainText('No key yet.');
  const add = async (name: string, line: string) => {
    await keys.getByRole('textbox', { name: 'Whose it is' }).fill(name);
    await keys.getByRole('textbox', { name: 'Public key' }).fill(line);
    await keys.getByRole('button', { name: 'Add the key' }).click();
  };
  await add('Laptop', 'ssh-ed25519 AAAA');
  await expect(keys).toContainText('That is not a whole public key.');
  await add('Laptop', key);
  await expect(keys.getByRole('row', { name: /^Laptop/ })).toContainText('SHA256:');

  await pusher.commit('First', { 'index.html': 'by ssh' });
  await pusher.git('remote', 'add', 'homeport', `ssh://git@localhost:${panel.ports.ssh}/keyed`);
  const pushed = await pusher.git('push', 'homeport', 'main');
  expect(pushed.text).toMatch(/Live: http:\/\/keyed\.apps\.localhost/);
  expect(pushed.ok).toBe(true);
  expect(await panel.visit('keyed')).toEqual({ status: 200, body: 'by ssh' });

  await open(page, '/apps/keyed/deploys/1');
  await expect(page.locator('main')).toContainText('SSH key Laptop');
  await open(page, '/settings');
  await keys.getByRole('button', { name: /^Remove/ }).click();
  await expect(keys).toContainText('No key yet.');
  const refused = await pusher.git('push', 'homeport', 'main');
  expect(refused.ok).toBe(false);
  expect(refused.text).toContain('Permission denied (publickey)');
});
