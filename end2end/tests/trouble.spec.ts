import { deployAgain, deployNew, dockerfile, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';

test('a build that fails keeps the old release and says why', async ({ page, panel, git, image }) => {
  const repository = git.repository('broken', dockerfile(image, 'whole'));
  await deployNew(page, 'Dockerfile', { Name: 'broken', Repository: repository.url });
  await isLive(page, 1);

  repository.push('Break it', { Dockerfile: `FROM ${image}\nRUN echo "the wall is crooked"; false\n` });
  const load = panel.load('broken');
  await deployAgain(page, 'broken', 2);
  await expect(page.getByRole('alert')).toContainText('Release 1 still serves; nobody saw this.');
  await expect(page.getByRole('log', { name: 'Log of Build' })).toContainText('the wall is crooked');
  await expect(page.getByRole('button', { name: 'Deploy again' })).toBeVisible();
  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect([...bodies]).toEqual(['whole']);

  await open(page, '/apps/broken');
  await expect(page.getByText(/^The last deploy failed:/)).toBeVisible();
  await expect(page.getByText('Serving').first()).toBeVisible();

  await test.step('and the next good one goes live', async () => {
    repository.push('Mend it', dockerfile(image, 'mended'));
    await deployAgain(page, 'broken', 3);
    await isLive(page, 3);
    expect((await panel.visit('broken')).body).toBe('mended');
  });
});

test('a container on another port keeps the old release and says which port', async ({ page, panel, git, image }) => {
  test.setTimeout(180_000);
  const repository = git.repository('deaf', dockerfile(image, 'heard'));
  await deployNew(page, 'Dockerfile', { Name: 'deaf', Repository: repository.url });
  await isLive(page, 1);

  repository.push('Listen elsewhere', { Dockerfile: `FROM ${image}\nCMD ["httpd", "-f", "-p", "3000", "-h", "/www"]\n` });
  const load = panel.load('deaf');
  await deployAgain(page, 'deaf', 2);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('port 5000', { timeout: 90_000 });
  await expect(alert).toContainText('The process listens on 3000 instead.');
  await expect(alert).toContainText('Release 1 still serves; nobody saw this.');
  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect([...bodies]).toEqual(['heard']);
  const left = (await panel.containers()).filter((name) => name.includes('-deaf-'));
  expect(left).toEqual([expect.stringContaining('-deaf-r1-')]);

  await test.step('and one press mends it', async () => {
    await page.getByRole('button', { name: 'Use port 3000 and deploy again' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'deaf: release 3' })).toBeVisible();
    await isLive(page, 3);
    // Its own answer: it has no page at this path.
    expect((await panel.visit('deaf')).status).toBe(404);
  });
});

test('the panel is killed in the middle of a deploy: visitors see nothing of it, and it goes on', async ({
  page,
  panel,
  git,
  image,
  complaints,
}) => {
  complaints.excuse(/net::ERR_|EventSource/);
  const repository = git.repository('steady', dockerfile(image, 'before'));
  await deployNew(page, 'Dockerfile', { Name: 'steady', Repository: repository.url });
  await isLive(page, 1);

  repository.push('A slow one', dockerfile(image, 'after', 5));
  const load = panel.load('steady');
  await deployAgain(page, 'steady', 2);
  await expect(page.getByRole('log', { name: 'Log of Build' })).toContainText('brick number 1');
  await panel.kill();
  expect((await panel.visit('steady')).body).toBe('before');
  await panel.serve();

  await open(page, '/apps/steady/deploys/2');
  await isLive(page, 2);
  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect([...bodies]).toEqual(['before', 'after']);
  await expect
    .poll(async () => (await panel.containers()).filter((name) => name.includes('-steady-')))
    .toEqual([expect.stringContaining('-steady-r2-')]);
});
