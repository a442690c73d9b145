// Homeport in a real browser: the built panel, the real engines, a virtual authenticator.

import { defineConfig } from '@playwright/test';

import { browserPath } from './support/machine.ts';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  globalSetup: './support/setup.ts',
  globalTeardown: './support/teardown.ts',
  // The engines are shared, and a panel is small enough to be had once a worker.
  workers: 1,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  // A busy machine gets a second chance; the list names what needed it.
  retries: process.env.CI ? 2 : 0,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: browserPath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
