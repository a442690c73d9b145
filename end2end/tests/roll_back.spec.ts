import { deployAgain, deployNew, isLive, rollBack } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { expectNoSidewaysScroll } from '../support/pages.ts';

test('back with one press, and forth again on a phone', async ({ page, panel, git }) => {
  const repository = git.repository('notes', { 'index.html': 'edition one' });
  await deployNew(page, 'Static files', { Name: 'notes', Repository: repository.url });
  await isLive(page, 1);
  repository.push('Second edition', { 'index.html': 'edition two' });
  await deployAgain(page, 'notes', 2);
  await isLive(page, 2);
  expect((await panel.visit('notes')).body).toBe('edition two');

  const load = panel.load('notes');
  await page.getByRole('button', { name: 'Roll back to 1', exact: true }).click();
  await isLive(page, 3);
  await expect(page.getByText('Release 3 is live, with the content of release 1.')).toBeVisible();
  expect((await panel.visit('notes')).body).toBe('edition one');

  await page.setViewportSize({ width: 390, height: 844 });
  await rollBack(page, 'notes', 2);
  await isLive(page, 4);
  await expectNoSidewaysScroll(page);
  expect((await panel.visit('notes')).body).toBe('edition two');
  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect([...bodies]).toEqual(['edition two', 'edition one']);
});

test('a container goes back to the image it came from', async ({ page, panel, git, image }) => {
  const files = (version: string) => ({ Dockerfile: `FROM ${image}\nENV VERSION="${version}"\n` });
  const repository = git.repository('clock', files('tick'));
  await deployNew(page, 'Dockerfile', { Name: 'clock', Repository: repository.url });
  await isLive(page, 1);
  repository.push('Second', files('tock'));
  await deployAgain(page, 'clock', 2);
  await isLive(page, 2);

  const load = panel.load('clock');
  await rollBack(page, 'clock', 1);
  await isLive(page, 3);
  expect((await panel.visit('clock')).body).toBe('tick');
  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect([...bodies]).toEqual(['tock', 'tick']);
});
