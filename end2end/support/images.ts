// An image without a registry: a root with one static busybox in it, imported on the spot. Its own
// command writes $VERSION into a page and serves it on $PORT.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { docker } from './docker.ts';
import { folder, run } from './machine.ts';

const start = '#!/bin/sh\necho "${VERSION:-no version}" > /www/index.html\nexec httpd -f -p "$PORT" -h /www\n';
const applets = ['sh', 'httpd', 'sleep', 'echo', 'cat', 'seq', 'true', 'false', 'env'];

/** The name of this run's image. */
export const image = `homeport-e2e-${run}:base`;

/** Imports the image, once a run. */
export async function makeImage(): Promise<string> {
  const there = await docker('GET', `/images/${image}/json`);
  if (there.status === 200) return image;
  const root = join(folder, 'image');
  rmSync(root, { recursive: true, force: true });
  for (const name of ['bin', 'www', 'tmp']) mkdirSync(join(root, name), { recursive: true });
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (!busybox) throw new Error('busybox-static is not installed; script/setup --test installs it');
  copyFileSync(busybox, join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const applet of applets) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'start'), start, { mode: 0o755 });
  const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 64 << 20 });
  const changes = ['CMD ["/start"]', 'EXPOSE 5000', 'ENV PATH=/bin'].map(
    (change) => `&changes=${encodeURIComponent(change)}`,
  );
  const [repository, tag] = image.split(':');
  const imported = await docker('POST', `/images/create?fromSrc=-&repo=${repository}&tag=${tag}${changes.join('')}`, tar);
  if (imported.status !== 200 || imported.text.includes('"error"')) {
    throw new Error(`the image could not be imported: ${imported.text}`);
  }
  rmSync(root, { recursive: true, force: true });
  return image;
}

/** A second name for the image, or for another one that stands at `tag` from now on. */
export async function tagImage(source: string, tag: string): Promise<void> {
  const [repository, version] = tag.split(':');
  const tagged = await docker('POST', `/images/${source}/tag?repo=${repository}&tag=${version}`);
  if (tagged.status !== 201) throw new Error(`the image could not be tagged: ${tagged.text}`);
}

/** Removes what this run imported. */
export async function removeImages(): Promise<void> {
  const by = encodeURIComponent(JSON.stringify({ reference: [`homeport-e2e-${run}`] }));
  const found = await docker('GET', `/images/json?filters=${by}`);
  if (found.status !== 200) return;
  for (const { Id } of JSON.parse(found.text) as { Id: string }[]) {
    await docker('DELETE', `/images/${Id}?force=true`);
  }
}
