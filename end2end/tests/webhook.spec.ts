import { createHmac } from 'node:crypto';
import { deployNew, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';

test('a signed webhook brings a push live, and the inbox says what became of each', async ({ page, panel, git }) => {
  const repository = git.repository('hooked', { 'index.html': 'first' });
  await deployNew(page, 'Static files', { Name: 'hooked', Repository: repository.url });
  await isLive(page, 1);

  await open(page, '/apps/hooked/settings');
  const settings = page.getByRole('region', { name: 'Push to deploy' });
  await expect(settings).toContainText('It has no secret yet, so nothing is accepted.');
  const url = (await settings.locator('pre').first().textContent()) ?? '';
  expect(url).toMatch(new RegExp(`^${panel.origin}/webhooks/[0-9a-z]{16}$`));
  await settings.getByRole('button', { name: 'Make a secret' }).click();
  await expect(settings.getByText('it is not shown again')).toBeVisible();
  const secret = (await settings.getByText(/^[0-9a-f]{64}$/).textContent()) ?? '';

  const commit = repository.push('The second edition', { 'index.html': 'second' });
  const send = (branch: string, delivery: string, key: string) => {
    const body = JSON.stringify({
      ref: `refs/heads/${branch}`,
      after: commit,
      repository: { clone_url: repository.url },
      pusher: { name: 'Ada' },
      head_commit: { id: commit, message: 'The second edition' },
    });
    const signature = createHmac('sha256', key).update(body).digest('hex');
    return fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': delivery,
        'x-hub-signature-256': `sha256=${signature}`,
      },
    });
  };
  expect((await send('main', '1', 'guessed')).status).toBe(401);
  const taken = await send('main', '1', secret);
  expect(taken.status).toBe(202);
  const answer = (await taken.json()) as { deploy: number; url: string };
  expect(answer).toEqual({ deploy: 2, url: `${panel.origin}/apps/hooked/deploys/2` });
  const ignored = await send('feature', '2', secret);
  expect([ignored.status, await ignored.json()]).toEqual([
    200,
    { ignored: 'It was pushed to feature, and main is what is deployed.' },
  ]);

  await page.goto(answer.url);
  await isLive(page, 2);
  await expect(page.getByRole('region', { name: 'Release 2' })).toContainText('Ada');
  expect(await panel.visit('hooked')).toEqual({ status: 200, body: 'second' });

  await open(page, '/activity/deliveries');
  const inbox = page.getByRole('region', { name: 'Deliveries' });
  await expect(inbox.getByRole('row').filter({ hasText: 'hooked' }).filter({ hasText: /Refused/ })).toHaveCount(1);
  await expect(inbox.getByRole('row').filter({ hasText: 'hooked' }).filter({ hasText: /Ignored/ })).toContainText('main is what is deployed');
  const deployed = inbox.getByRole('row').filter({ hasText: 'hooked' }).filter({ hasText: /Deployed/ });
  await expect(deployed).toContainText(`main at ${commit.slice(0, 7)} by Ada`);
  await deployed.getByText('was pushed.').click();
  await expect(deployed).toContainText('x-github-delivery: 1');
  await expect(page.locator('main')).not.toContainText(secret);
  await deployed.getByRole('button', { name: /^Replay/ }).click();
  await isLive(page, 3);
});
