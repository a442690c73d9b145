// What the tests run, and where. One run has one folder; whatever is left in it at the end is
// removed by the global teardown, so that a crashed test leaves nothing behind.

import { mkdirSync, chmodSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The panel's program; HOMEPORT_E2E_PROGRAM names another, a debug build for example. */
export const program = process.env.HOMEPORT_E2E_PROGRAM ?? join(checkout, 'target/release/homeport');

/** Debian's Chromium; HOMEPORT_E2E_BROWSER names another. */
export const browserPath = process.env.HOMEPORT_E2E_BROWSER ?? '/usr/bin/chromium';

/** Six letters that set this run apart from others on the same machine. */
export const run = (process.env.HOMEPORT_E2E_RUN ??= Math.random().toString(36).slice(2, 8).padEnd(6, 'x'));

/** The folder of this run. nginx's workers, who are nobody special, must be able to pass it. */
export const folder = join(tmpdir(), `homeport-e2e-${run}`);

/** Makes the run's folder; says what is missing before the first test does. */
export function prepare(): void {
  if (!existsSync(program)) {
    throw new Error(`${program} is not there; script/build --release makes it`);
  }
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
}

/** A port of 127.0.0.1 that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
