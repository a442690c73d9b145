import { deployAgain, deployNew, dockerfile, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { inspect, widths } from '../support/pages.ts';

/** Counts, in colours, and tries what a terminal would obey. */
const loud = String.raw`printf '\033[32mready\033[0m \033]0;owned\007\n'; ( i=0; while true; do echo "tick $i"; i=$((i+1)); sleep 0.2; done ) & exec /start`;

test('logs: follow, pause, search, an older release, a file', async ({ page, git, image }) => {
  test.setTimeout(180_000);
  const repository = git.repository('talker', { ...dockerfile(image, 'first'), Procfile: `web: ${loud}\n` });
  await deployNew(page, 'Dockerfile', { Name: 'talker', Repository: repository.url });
  await isLive(page, 1);
  await open(page, '/apps/talker/logs');
  const lines = page.getByRole('log', { name: 'Lines' });
  await expect(lines.locator('[data-ink="green"]')).toHaveText('ready');
  await expect(lines).not.toContainText('owned');

  await test.step('lines come by themselves, and wait while one reads further up', async () => {
    const before = await lines.getByRole('listitem').count();
    await expect.poll(() => lines.getByRole('listitem').count()).toBeGreaterThan(before + 3);
    await expect.poll(() => lines.evaluate((log) => log.scrollHeight > log.clientHeight + 200), { timeout: 60_000 }).toBe(true);
    await lines.evaluate((log) => log.scrollTo(0, 0));
    const held = page.getByRole('button', { name: /new lines?$/ });
    await expect(held).toBeVisible();
    await held.click();
    await expect(held).toHaveCount(0);
    const ticks = (await lines.locator('.output-text').allTextContents()).filter((text) => text.startsWith('tick'));
    expect(ticks).toEqual(ticks.map((_, index) => `tick ${index}`));
  });
  for (const width of ['phone', 'laptop'] as const) await inspect(page, 'logs_live', width);

  await test.step('search finds it in the whole log', async () => {
    await page.getByRole('searchbox', { name: 'Search' }).fill('TICK 3');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page.getByText(/lines? (has|have) it of/)).toBeVisible();
    await expect(page.locator('mark').first()).toHaveText('tick 3');
    for (const width of ['phone', 'laptop'] as const) await inspect(page, 'logs_search', width);
  });

  await test.step('what was replaced can still be read and taken away', async () => {
    repository.push('Quiet', dockerfile(image, 'second'));
    await deployAgain(page, 'talker', 2);
    await isLive(page, 2);
    await open(page, '/apps/talker/logs?release=1');
    await expect(page.getByRole('heading', { name: 'Release 1', exact: true })).toBeVisible();
    await expect(lines).toContainText('tick 5');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toBe('talker-r1.log');
    await page.setViewportSize(widths.laptop);
    await page.getByRole('checkbox', { name: 'Wrap long lines' }).check();
    await inspect(page, 'logs_kept', 'phone');
  });
});
