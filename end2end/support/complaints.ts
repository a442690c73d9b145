// What a browser complains about on the console: exceptions, refusals of the content policy, files
// that are not there. No page may cause any.

import type { BrowserContext, ConsoleMessage, Page } from '@playwright/test';

const ABORTED = /WebAssembly compilation aborted: .*Response body loading was aborted/;

/** A page that is left while a part of it is still fetched says that, and then that it cannot go on. */
function wasLeft(words: string, before = ''): boolean {
  return ABORTED.test(words) || (words.endsWith('RuntimeError: unreachable') && ABORTED.test(before));
}

/** Listens to every page of a window. */
export class Complaints {
  readonly heard: string[] = [];
  private readonly excused: RegExp[] = [];

  static of(context: BrowserContext): Complaints {
    const complaints = new Complaints();
    for (const page of context.pages()) complaints.listen(page);
    context.on('page', (page) => complaints.listen(page));
    return complaints;
  }

  /** Expects a complaint: a test of a refusal gets one from the browser for the refusal's status. */
  excuse(...patterns: RegExp[]): void {
    this.excused.push(...patterns);
  }

  /** What nobody expected. */
  get unexpected(): string[] {
    return this.heard.filter(
      (words, at) => !this.excused.some((pattern) => pattern.test(words)) && !wasLeft(words, this.heard[at - 1]),
    );
  }

  private listen(page: Page): void {
    page.on('pageerror', (error) => this.heard.push(`${page.url()}: ${error}`));
    page.on('console', (message) => this.hear(page, message));
  }

  private hear(page: Page, message: ConsoleMessage): void {
    const type = message.type();
    if (type !== 'error' && type !== 'warning') return;
    // A page of an app is not ours, and the icon that a browser asks it for need not be there.
    if (/^https?:\/\/[^/]*\.apps\.localhost/.test(page.url())) return;
    const { url } = message.location();
    this.heard.push(`${page.url()}: ${type}: ${message.text()} (${url})`);
  }
}
