// Fixtures of tests about getting in: a new panel each, which nobody owns, and a browser outside.

import { expect, test as base } from '@playwright/test';

import { Complaints } from './complaints.ts';
import { Panel } from './panel.ts';
import { Authenticator } from './passkey.ts';

interface Fixtures {
  panel: Panel;
  authenticator: Authenticator;
  complaints: Complaints;
}

export const test = base.extend<Fixtures>({
  panel: async ({}, use, testInfo) => {
    const panel = await Panel.start();
    await use(panel);
    if (testInfo.status !== testInfo.expectedStatus) await testInfo.attach('panel.log', { body: panel.log });
    await panel.remove();
  },

  // The windows are closed before the panel goes.
  context: async ({ panel, context }, use) => {
    void panel;
    await use(context);
  },

  /** The authenticator of `page`. */
  authenticator: async ({ page }, use) => use(await Authenticator.beside(page)),

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
