// The owner of a panel: claims it in a browser, and comes back in other tabs with the same passkey.

import { type Browser, type BrowserContext, type BrowserContextOptions, expect, type Page } from '@playwright/test';

import { Authenticator, type Credential } from './passkey.ts';
import type { Panel } from './panel.ts';

export interface Owner {
  credential: Credential;
  codes: string[];
  cookie: string;
}

/** Opens a page and waits until its script has taken over. */
export async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await ready(page);
}

/** Waits until the page's script has taken over. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => document.documentElement.hasAttribute('data-live'));
}

/** Fills in the claim page, with the authenticator that stands beside it. */
export async function claim(page: Page, panel: Panel, name = 'Ada'): Promise<string[]> {
  await open(page, panel.claimLink);
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.getByRole('button', { name: 'Create a passkey' }).click();
  await expect(page.getByRole('heading', { name: 'Keep these recovery codes' })).toBeVisible();
  return page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents();
}

/** Claims a new panel in a window of its own. */
export async function claimedBy(browser: Browser, panel: Panel): Promise<Owner> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const authenticator = await Authenticator.beside(page);
  const codes = await claim(page, panel);
  const [credential] = await authenticator.credentials();
  const cookie = (await context.cookies(panel.origin)).find(({ name }) => name === '__Host-sid');
  await context.close();
  if (!credential || !cookie) throw new Error('claiming gave no passkey or no session');
  return { credential, codes, cookie: cookie.value };
}

/** Gives a window the owner's session, without a ceremony. */
export async function enter(context: BrowserContext, panel: Panel, owner: Owner): Promise<void> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const cookie = { name: '__Host-sid', value: owner.cookie, path: '/', secure: true, httpOnly: true };
  const { success } = await session.send('Network.setCookie', { ...cookie, url: `${panel.origin}/`, sameSite: 'Strict' });
  if (!success) throw new Error('the browser refuses the session cookie');
  await page.close();
}

/** A window in which the owner is signed in. */
export async function windowOf(
  browser: Browser,
  panel: Panel,
  owner: Owner,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: panel.origin, ...options });
  await enter(context, panel, owner);
  return context;
}
