import { deployNew, isLive } from '../support/apps.ts';
import { expect, test } from '../support/home.ts';
import { open } from '../support/owner.ts';
import { inspect, widths } from '../support/pages.ts';

test('storage and ports: a volume, a port, an option with its passkey, and what cannot be had', async ({
  page,
  image,
  authenticator,
  complaints,
}) => {
  expect(await authenticator.credentials()).toHaveLength(1);
  await deployNew(page, 'Image', { Name: 'depot', Image: image });
  await isLive(page, 1);
  await open(page, '/apps/depot/storage');
  await expect(page.getByText('Nothing is mounted.')).toBeVisible();

  await page.getByRole('textbox', { name: 'Volume, or folder of this server' }).fill('data');
  await page.getByRole('textbox', { name: 'Path in the app' }).fill('/data');
  await page.getByRole('textbox', { name: /^Owner/ }).fill('herokuish');
  await page.getByRole('button', { name: 'Add mount' }).click();
  const mounts = page.getByRole('region', { name: 'Mounts', exact: true });
  await expect(mounts.getByRole('row', { name: /^\/data/ })).toContainText('made for 32767:32767');
  await expect(page.getByText('These wait for the next deploy or restart.')).toBeVisible();

  await test.step('what owns the server is refused beside its field', async () => {
    complaints.excuse(/status of 422/);
    const options = page.getByRole('textbox', { name: 'Options as for docker run' });
    await options.fill('--privileged');
    await page.getByRole('button', { name: 'Add options' }).click();
    await expect(options).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByText('A privileged container owns the server.')).toBeVisible();
    await page.getByRole('textbox', { name: 'Path in the app' }).fill('/host');
    await page.getByRole('textbox', { name: 'Volume, or folder of this server' }).fill('/etc');
    await page.getByRole('button', { name: 'Add mount' }).click();
    await expect(page.getByText('This path is part of the server itself')).toBeVisible();
  });

  await test.step('what reaches further asks for the passkey and says what it means', async () => {
    complaints.excuse(/status of 403/);
    await page.getByRole('textbox', { name: 'Options as for docker run' }).fill('--cap-add NET_ADMIN --shm-size 64m');
    await page.getByRole('button', { name: 'Add options' }).click();
    const options = page.getByRole('region', { name: 'Docker options' });
    await expect(options.getByRole('row', { name: /^--cap-add=NET_ADMIN/ })).toContainText('VPNs need it');
    await expect(options.getByRole('row', { name: /^--shm-size=64m/ })).toBeVisible();
  });

  for (const width of ['phone', 'laptop'] as const) {
    await page.setViewportSize(widths[width]);
    await open(page, '/apps/depot/storage');
    await expect(mounts.getByRole('row', { name: /^\/data/ })).toBeVisible();
    await inspect(page, 'storage', width);
  }

  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await isLive(page, 2);
  await open(page, '/apps/depot/storage');
  await expect(mounts.getByRole('row', { name: /^\/data/ })).toBeVisible();
  await expect(page.getByText('These wait for the next deploy or restart.')).toHaveCount(0);
  await mounts.getByRole('button', { name: 'Remove data:/data' }).click();
  await expect(page.getByText('Nothing is mounted.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Volumes' }).getByRole('row', { name: /^data/ })).toContainText('not mounted');
  await open(page, '/apps/depot/settings');
  await expect(page.getByRole('checkbox', { name: /^Delete its volumes too: data/ })).not.toBeChecked();
});
