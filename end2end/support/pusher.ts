// Somebody with a work tree and the real git client, who pushes to a panel.

import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Files } from './git.ts';
import { folder } from './machine.ts';

export type Said = { ok: boolean; text: string };

export class Pusher {
  private readonly home = mkdtempSync(join(folder, 'pusher-'));
  private readonly work = join(this.home, 'work');
  private readonly environment: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: this.home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  };

  constructor() {
    mkdirSync(this.work);
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', this.work], { env: this.environment });
  }

  /** Makes a key that git uses from now on; says its public half. */
  makeKey(): string {
    const key = join(this.home, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'ada@laptop', '-f', key]);
    const hosts = join(this.home, 'hosts');
    this.environment.GIT_SSH_COMMAND = `ssh -F none -i ${key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=${hosts}`;
    return readFileSync(`${key}.pub`, 'utf8').trim();
  }

  /** Writes files and commits them. */
  async commit(subject: string, files: Files): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.work, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', subject);
  }

  /** Runs git; what it said on both channels. */
  git(...args: string[]): Promise<Said> {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    const options = { cwd: this.work, env: this.environment, maxBuffer: 16 << 20 };
    return new Promise((resolve) => {
      execFile('git', [...identity, ...args], options, (error, out, err) =>
        resolve({ ok: !error, text: `${out}${err}` }),
      );
    });
  }
}
