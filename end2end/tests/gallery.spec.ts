import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { inspect, widths } from '../support/pages.ts';

test('the gallery, where there is one', async ({ page, complaints }) => {
  complaints.excuse(/status of 404/);
  const answer = await page.goto('/gallery');
  test.skip(answer?.status() === 404, 'a release build has none');
  for (const width of ['phone', 'laptop'] as const) {
    await page.setViewportSize(widths[width]);
    await open(page, '/gallery');
    await expect(page.getByRole('heading', { level: 1, name: 'Gallery' })).toBeVisible();
    await inspect(page, 'gallery', width);
  }
});
