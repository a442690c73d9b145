import { createHmac } from 'node:crypto';

import { deployNew, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { tagImage } from '../support/images.ts';
import { open } from '../support/owner.ts';

test('each provider’s own payload and signature bring a release live, and the inbox names it', async ({
  page,
  git,
  image,
}) => {
  test.setTimeout(180_000);
  const repository = git.repository('told', { 'index.html': 'first' });
  await deployNew(page, 'Static files', { Name: 'told', Repository: repository.url });
  await isLive(page, 1);
  const secretOf = async (app: string) => {
    await open(page, `/apps/${app}/settings`);
    const settings = page.getByRole('region', { name: 'Push to deploy' });
    const url = (await settings.locator('pre').first().textContent()) ?? '';
    await settings.getByRole('button', { name: 'Make a secret' }).click();
    const secret = (await settings.getByText(/^[0-9a-f]{64}$/).textContent()) ?? '';
    return { url, secret };
  };
  const told = await secretOf('told');
  const hmac = (body: string, secret: string) => createHmac('sha256', secret).update(body).digest('hex');
  const after = (commit: string) => ({ ref: 'refs/heads/main', after: commit });
  const providers: [string, (commit: string) => object, (body: string, secret: string) => Record<string, string>][] = [
    [
      'GitHub',
      (commit) => ({ ...after(commit), repository: { clone_url: repository.url }, pusher: { name: 'ada' }, head_commit: { id: commit, message: 'x' } }),
      (body, secret) => ({ 'x-github-event': 'push', 'x-github-delivery': 'a', 'x-hub-signature-256': `sha256=${hmac(body, secret)}` }),
    ],
    [
      'GitLab',
      (commit) => ({ ...after(commit), object_kind: 'push', checkout_sha: commit, user_name: 'Ada', project: { git_http_url: repository.url }, commits: [], total_commits_count: 0 }),
      (_, secret) => ({ 'x-gitlab-event': 'Push Hook', 'x-gitlab-event-uuid': 'b', 'x-gitlab-token': secret }),
    ],
    [
      'Gitea',
      (commit) => ({ ...after(commit), repository: { clone_url: repository.url }, pusher: { login: 'ada' }, commits: [{ id: commit, message: 'x' }], total_commits: 1 }),
      (body, secret) => ({ 'x-gitea-event': 'push', 'x-github-event': 'push', 'x-gitea-delivery': 'c', 'x-gitea-signature': hmac(body, secret) }),
    ],
    [
      'Gitea',
      (commit) => ({ ...after(commit), repository: { clone_url: repository.url }, pusher: { login: 'ada' } }),
      (body, secret) => ({ 'x-forgejo-event': 'push', 'x-forgejo-delivery': 'd', 'x-forgejo-signature': hmac(body, secret) }),
    ],
    [
      'Gitea',
      (commit) => ({ ...after(commit), repository: { clone_url: repository.url }, pusher: { username: 'ada' } }),
      (body, secret) => ({ 'x-gogs-event': 'push', 'x-gogs-delivery': 'e', 'x-gogs-signature': hmac(body, secret) }),
    ],
    [
      'Bitbucket',
      (commit) => ({ push: { changes: [{ new: { type: 'branch', name: 'main', target: { hash: commit, message: 'x' } }, old: null }] }, repository: { links: { html: { href: repository.url } } }, actor: { display_name: 'Ada' } }),
      (body, secret) => ({ 'x-event-key': 'repo:push', 'x-request-uuid': 'f', 'x-hub-signature': `sha256=${hmac(body, secret)}` }),
    ],
    [
      'webhook',
      (commit) => ({ branch: 'main', commit, by: 'Ada' }),
      (body, secret) => ({ 'x-homeport-delivery': 'g', 'x-homeport-signature': `sha256=${hmac(body, secret)}` }),
    ],
  ];
  let release = 1;
  for (const [provider, payload, headers] of providers) {
    await test.step(`${provider}, ${release}`, async () => {
      release += 1;
      const commit = repository.push(`Edition ${release}`, { 'index.html': `edition ${release}` });
      const body = JSON.stringify(payload(commit));
      const send = (signed: Record<string, string>) =>
        fetch(told.url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...signed } });
      expect((await send(headers(body, 'guessed'))).status).toBe(401);
      const taken = await send(headers(body, told.secret));
      expect(taken.status).toBe(202);
      const answer = (await taken.json()) as { deploy: number; url: string };
      expect(answer.deploy).toBe(release);
      await page.goto(answer.url);
      await isLive(page, release);
      await expect(page.getByRole('region', { name: `Release ${release}` })).toContainText(commit.slice(0, 7));
      expect((await send(headers(body, told.secret))).status).toBe(200);
    });
  }

  await test.step('Docker Hub cannot sign: the secret is in the address', async () => {
    const own = `${image.split(':')[0]}-hub:live`;
    await tagImage(image, own);
    await deployNew(page, 'Image', { Name: 'hub', Image: own });
    await isLive(page, 1);
    const hub = await secretOf('hub');
    const body = JSON.stringify({ push_data: { tag: 'live', pusher: 'ada' }, repository: { repo_name: own.split(':')[0] } });
    const send = (token: string) => fetch(`${hub.url}?token=${token}`, { method: 'POST', body });
    expect((await send('guessed')).status).toBe(401);
    expect((await send(hub.secret)).status).toBe(202);
    await page.goto('/apps/hub/deploys/2');
    await isLive(page, 2);
  });

  await open(page, '/activity/deliveries');
  const inbox = page.getByRole('region', { name: 'Deliveries' });
  for (const provider of ['GitHub', 'GitLab', 'Gitea', 'Bitbucket', 'Docker Hub']) {
    await expect(inbox.getByRole('row').filter({ hasText: provider }).filter({ hasText: 'Deployed' }).first()).toBeVisible();
    await expect(inbox.getByRole('row').filter({ hasText: provider }).filter({ hasText: 'Refused' }).first()).toBeVisible();
  }
});
