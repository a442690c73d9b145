import { deployAgain, deployNew, dockerfile, isLive } from '../support/apps.ts';
import { test as doorTest } from '../support/door.ts';
import { expect, test } from '../support/home.ts';
import { claimedBy, open, windowOf } from '../support/owner.ts';
import { inspect, widths } from '../support/pages.ts';

/** The pages of an app with two releases, one of which failed. */
const pages = {
  today: '/',
  apps: '/apps',
  new_static: '/new?kind=static',
  new_dockerfile: '/new?kind=dockerfile',
  new_buildpacks: '/new?kind=buildpacks',
  new_image: '/new?kind=image',
  app: '/apps/showcase',
  deploys: '/apps/showcase/deploys',
  deploy: '/apps/showcase/deploys/2',
  compare: '/apps/showcase/compare?from=1&to=2',
  deploy_failed: '/apps/showcase/deploys/3',
  processes: '/apps/showcase/processes?process=web',
  environment: '/apps/showcase/environment',
  storage: '/apps/showcase/storage',
  logs: '/apps/showcase/logs',
  traffic: '/apps/showcase/traffic',
  app_settings: '/apps/showcase/settings',
  activity: '/activity',
  jobs: '/activity/jobs',
  deliveries: '/activity/deliveries',
  registries: '/settings/registries',
  certificates: '/settings/certificates',
  dns_providers: '/settings/dns',
  dns_update: '/settings/dns?kind=rfc2136',
  panel_domain: '/settings/panel',
  tunnel: '/settings/tunnel',
  settings: '/settings',
};

test('every page: axe, width, policy, at 390 and 1440 px, light and dark', async ({ page, git, image, complaints }) => {
  test.setTimeout(600_000);
  const repository = git.repository('showcase', dockerfile(image, 'first'));
  await deployNew(page, 'Dockerfile', { Name: 'showcase', Repository: repository.url });
  await isLive(page, 1);
  await open(page, '/apps/showcase/environment');
  await page.getByRole('textbox', { name: 'Lines as in a .env file' }).fill('GREETING=hello\nAPI_TOKEN=hunter2-hunter2\n');
  await page.getByRole('button', { name: 'Save variables' }).click();
  await expect(page.getByRole('row', { name: /^API_TOKEN/ })).toBeVisible();
  repository.push('A second version', dockerfile(image, 'second'));
  await deployAgain(page, 'showcase', 2);
  await isLive(page, 2);
  repository.push('A broken version', { Dockerfile: `FROM ${image}\nRUN echo "no such brick"; false\n` });
  await deployAgain(page, 'showcase', 3);
  await expect(page.getByRole('alert')).toBeVisible({ timeout: 60_000 });

  for (const [name, address] of Object.entries(pages)) {
    await test.step(name, async () => {
      for (const width of ['phone', 'laptop'] as const) {
        await page.setViewportSize(widths[width]);
        await open(page, address);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await inspect(page, name, width);
      }
    });
  }
  await test.step('a page that is not there', async () => {
    complaints.excuse(/status of 404/);
    for (const [name, address] of [['not_found', '/nowhere'], ['no_such_app', '/apps/nowhere']]) {
      for (const width of ['phone', 'laptop'] as const) {
        await page.setViewportSize(widths[width]);
        await page.goto(address);
        await inspect(page, name, width);
      }
    }
  });
});

doorTest('every page before one is in, and Today without an app', async ({ browser, page, panel }) => {
  for (const width of ['phone', 'laptop'] as const) {
    for (const [name, address] of [
      ['claim', panel.claimLink],
      ['sign_in', `${panel.origin}/sign-in`],
      ['recover', `${panel.origin}/recover`],
    ]) {
      await page.setViewportSize(widths[width]);
      await page.goto('about:blank');
      await open(page, address);
      await inspect(page, name, width);
    }
  }
  const owner = await claimedBy(browser, panel);
  const context = await windowOf(browser, panel, owner);
  const today = await context.newPage();
  for (const width of ['phone', 'laptop'] as const) {
    for (const [name, address] of Object.entries({ today_empty: '/', apps_empty: '/apps', jobs_empty: '/activity/jobs' })) {
      await today.setViewportSize(widths[width]);
      await open(today, address);
      await inspect(today, name, width);
    }
  }
  await context.close();
});
