// What holds for every page: axe finds nothing, nothing scrolls sideways, and a picture of it is kept.

import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';

export const widths = { phone: { width: 390, height: 844 }, laptop: { width: 1440, height: 900 } };
export const schemes = ['light', 'dark'] as const;

/** Nothing sticks out to the right; only logs and code scroll by themselves. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const overhang = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overhang, 'pixels that stick out to the right').toBeLessThanOrEqual(0);
}

/** Waits until colours and sizes are where they are going. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
  });
}

/** axe's findings, a line each. */
export async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')}: ${node.failureSummary?.split('\n')[1]?.trim()}`),
  );
}

/** Holds the page against all of it at this width, light and dark. */
export async function inspect(page: Page, name: string, width: keyof typeof widths): Promise<void> {
  await page.setViewportSize(widths[width]);
  for (const scheme of schemes) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await settled(page);
    const path = join(test.info().project.outputDir, 'pages', `${name}-${width}-${scheme}.png`);
    await page.screenshot({ path, fullPage: true });
    expect.soft(await findings(page), `axe on ${name}, ${width}, ${scheme}`).toEqual([]);
  }
  await expectNoSidewaysScroll(page);
}
