// What a person does with apps, in the words of the pages.

import { expect, type Page } from '@playwright/test';

import type { Files } from './git.ts';
import { open, ready } from './owner.ts';

export type Kind = 'Static files' | 'Dockerfile' | 'Image';

/** What is typed into the form of a new app, by label. */
export type Typed = Record<string, string>;

/** Fills in the form of a new app. */
export async function fillIn(page: Page, kind: Kind, typed: Typed): Promise<void> {
  await open(page, '/new');
  await page.getByRole('navigation', { name: 'Where it comes from' }).getByRole('link', { name: kind }).click();
  await expect(page.getByRole('textbox', { name: kind === 'Image' ? 'Image' : 'Repository' })).toBeVisible();
  for (const [label, value] of Object.entries(typed)) {
    await page.getByRole('textbox', { name: new RegExp(`^${label}( optional)?$`) }).fill(value);
  }
}

/** Deploys a new app and goes to its first deploy. */
export async function deployNew(page: Page, kind: Kind, typed: Typed): Promise<void> {
  await fillIn(page, kind, typed);
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: `${typed.Name}: release 1` })).toBeVisible();
}

/** Deploys an app once more, from its own page. */
export async function deployAgain(page: Page, app: string, release: number): Promise<void> {
  await open(page, `/apps/${app}`);
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: `${app}: release ${release}` })).toBeVisible();
}

/** Waits until the page of a deploy says that its release is live. */
export async function isLive(page: Page, release: number): Promise<void> {
  await expect(page.getByRole('status').getByText(new RegExp(`^Release ${release} is live`))).toBeVisible({
    timeout: 60_000,
  });
}

/** Presses the button that goes back to a release, from the list of an app's deploys. */
export async function rollBack(page: Page, app: string, to: number): Promise<void> {
  await page.goto(`/apps/${app}/deploys`);
  await ready(page);
  await page.getByRole('button', { name: `Roll back to ${to}`, exact: true }).click();
}

/** A Dockerfile on the tests' image that says `version` and takes `seconds` to build. */
export function dockerfile(image: string, version: string, seconds = 0): Files {
  const slow = seconds > 0 ? `RUN for i in $(seq ${seconds}); do echo "brick number $i"; sleep 1; done\n` : '';
  return { Dockerfile: `FROM ${image}\n${slow}ENV VERSION="${version}"\n` };
}
