// Removes whatever the run has made and not removed itself.

import { existsSync, readdirSync, rmSync } from 'node:fs';

import { removeImages } from './images.ts';
import { folder, run } from './machine.ts';
import { removePanel } from './panel.ts';

export default async function tidyUp(): Promise<void> {
  const left = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(`e${run}-`)) : [];
  for (const namespace of left) await removePanel(namespace);
  await removeImages();
  rmSync(folder, { recursive: true, force: true });
}
