// What a browser complains about on the console: exceptions, refusals of the content policy, files
// that are not there. No page may cause any.

import type { BrowserContext, ConsoleMessage, Page } from '@playwright/test';

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
    return this.heard.filter((words) => !this.excused.some((pattern) => pattern.test(words)));
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
