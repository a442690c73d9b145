import { execFile } from 'node:child_process';
import { deployNew, dockerfile, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { program } from '../support/machine.ts';
import { open } from '../support/owner.ts';

type Ended = { code: number; out: string; err: string };

/** `homeport deploy`, as a CI job runs it. */
function deploy(panel: string, token: string, app: string): Promise<Ended> {
  const env = { PATH: process.env.PATH, HOMEPORT_TOKEN: token };
  return new Promise((resolve) => {
    execFile(program, ['deploy', app, '--panel', panel], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

test('a CI job deploys with a token, sees the log, and fails when the deploy fails', async ({
  page,
  panel,
  git,
  image,
  authenticator,
  complaints,
}) => {
  // Refused for want of a passkey, then for the app.
  complaints.excuse(/status of (403|422)/);
  expect(await authenticator.credentials()).toHaveLength(1);
  const repository = git.repository('built', dockerfile(image, 'built one'));
  await deployNew(page, 'Dockerfile', { Name: 'built', Repository: repository.url });
  await isLive(page, 1);

  await open(page, '/settings');
  const tokens = page.getByRole('region', { name: 'API tokens' });
  await expect(tokens).toContainText('No token yet.');
  await tokens.getByRole('textbox', { name: 'What the token is for' }).fill('CI');
  await tokens.getByRole('textbox', { name: /^Only for the app/ }).fill('nothing');
  await tokens.getByRole('button', { name: 'Make a token' }).click();
  await expect(tokens).toContainText('There is no such app.');
  await tokens.getByRole('textbox', { name: /^Only for the app/ }).fill('built');
  await tokens.getByRole('button', { name: 'Make a token' }).click();
  await expect(tokens.getByText('it is not shown again')).toBeVisible();
  const token = (await tokens.getByText(/^hpt_[0-9a-f]{64}$/).textContent()) ?? '';
  await expect(tokens.getByRole('row', { name: /^CI/ })).toContainText('deploy, only built');

  repository.push('A second version', dockerfile(image, 'built two', 2));
  const good = await deploy(panel.origin, token, 'built');
  expect(good.err).toBe('');
  expect(good.code).toBe(0);
  expect(good.out).toContain('brick number 1');
  expect(good.out).toMatch(/Release 2 is live: http:\/\/built\.apps\.localhost/);
  expect(await panel.visit('built')).toEqual({ status: 200, body: 'built two' });

  repository.push('A broken version', { Dockerfile: `FROM ${image}\nRUN echo "no such brick"; false\n` });
  const bad = await deploy(panel.origin, token, 'built');
  expect(bad.code).toBe(1);
  expect(bad.out).toContain('no such brick');
  expect(bad.err).not.toBe('');
  expect((await panel.visit('built')).body).toBe('built two');
  expect((await deploy(panel.origin, token, 'other')).code).toBe(1);

  await open(page, '/settings');
  await expect(page.locator('main')).not.toContainText(token);
  await tokens.getByRole('button', { name: /^Revoke/ }).click();
  await expect(tokens).toContainText('No token yet.');
  const revoked = await deploy(panel.origin, token, 'built');
  expect([revoked.code, revoked.err]).toEqual([1, expect.stringContaining('That needs a token')]);
});
