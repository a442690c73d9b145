// Visitors of apps: one request through nginx, or a constant load that counts what failed.

import { request } from 'node:http';

import { sleep } from './machine.ts';

export interface Visit {
  status: number;
  body: string;
}

/** One request to nginx for `host`. */
export function visit(port: number, host: string, path = '/'): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false, timeout: 10_000 });
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => (body += piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: body.trim() }));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')));
    asked.on('error', reject);
    asked.end();
  });
}

export interface Seen {
  sent: number;
  failures: string[];
  bodies: Set<string>;
}

/** Asks forty times a second, whether or not the answers before have come. */
export class Load {
  private readonly seen: Seen = { sent: 0, failures: [], bodies: new Set() };
  private readonly open = new Set<Promise<void>>();
  private running = true;
  private readonly loop: Promise<void>;

  private constructor(port: number, host: string) {
    this.loop = (async () => {
      while (this.running) {
        const one = this.ask(port, host).finally(() => this.open.delete(one));
        this.open.add(one);
        await sleep(25);
      }
      await Promise.all(this.open);
    })();
  }

  static start(port: number, host: string): Load {
    return new Load(port, host);
  }

  private async ask(port: number, host: string): Promise<void> {
    this.seen.sent += 1;
    const at = new Date().toISOString();
    try {
      const { status, body } = await visit(port, host);
      this.seen.bodies.add(body);
      if (status !== 200) this.seen.failures.push(`${at} answered ${status}`);
    } catch (error) {
      this.seen.failures.push(`${at} ${error}`);
    }
  }

  /** Ends the load when every answer is in. */
  async stop(): Promise<Seen> {
    this.running = false;
    await this.loop;
    return this.seen;
  }
}
