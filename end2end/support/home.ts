// Fixtures of tests about apps: one claimed panel for all of them, with a Git server and an image;
// `page` is signed in, and its passkey is beside it.

import { expect, test as base } from '@playwright/test';

import { Complaints } from './complaints.ts';
import { GitServer } from './git.ts';
import { makeImage } from './images.ts';
import { claimedBy, type Owner, windowOf } from './owner.ts';
import { Panel } from './panel.ts';
import { Authenticator } from './passkey.ts';

interface Shared {
  home: { panel: Panel; owner: Owner };
  git: GitServer;
  image: string;
}

interface Own {
  panel: Panel;
  authenticator: Authenticator;
  complaints: Complaints;
}

export const test = base.extend<Own, Shared>({
  home: [
    async ({ browser }, use) => {
      const panel = await Panel.start();
      try {
        await use({ panel, owner: await claimedBy(browser, panel) });
      } finally {
        await panel.remove();
      }
    },
    { scope: 'worker' },
  ],
  git: [
    async ({}, use) => {
      const git = await GitServer.start();
      await use(git);
      git.stop();
    },
    { scope: 'worker' },
  ],
  image: [async ({}, use) => use(await makeImage()), { scope: 'worker' }],

  panel: async ({ home }, use, testInfo) => {
    await use(home.panel);
    if (testInfo.status !== testInfo.expectedStatus) await testInfo.attach('panel.log', { body: home.panel.log });
  },

  context: async ({ browser, home }, use) => {
    const context = await windowOf(browser, home.panel, home.owner);
    await use(context);
    await context.close();
  },

  /** The owner's passkey, beside `page`. */
  authenticator: async ({ home, page }, use) => {
    const authenticator = await Authenticator.beside(page);
    await authenticator.hold(home.owner.credential);
    await use(authenticator);
  },

  complaints: [
    async ({ context }, use) => {
      const complaints = Complaints.of(context);
      await use(complaints);
      expect(complaints.unexpected, 'the browser complained').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
