// A Git server on 127.0.0.1: `git http-backend` behind node's listener, and repositories to push to.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';

import { folder } from './machine.ts';

const environment = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };

function git(where: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd: where, env: environment, encoding: 'utf8' }).trim();
}

/** The server and its repositories. */
export class GitServer {
  private constructor(
    private readonly root: string,
    private readonly server: Server,
    private readonly port: number,
  ) {}

  static async start(): Promise<GitServer> {
    const root = mkdtempSync(join(folder, 'git-'));
    const server = createServer((request, response) => answer(root, request, response));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
    return new GitServer(root, server, port);
  }

  /** A repository with these files on its branch `main`. */
  repository(name: string, files: Files): Repository {
    const bare = join(this.root, `${name}.git`);
    git(this.root, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
    const work = join(this.root, `${name}-work`);
    git(this.root, 'init', '--quiet', '--initial-branch=main', work);
    git(work, 'remote', 'add', 'origin', bare);
    const repository = new Repository(work, `http://127.0.0.1:${this.port}/${name}.git`);
    repository.push('The first version', files);
    return repository;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Contents by path. */
export type Files = Record<string, string>;

/** A repository and the work tree that is pushed to it. */
export class Repository {
  constructor(
    private readonly work: string,
    readonly url: string,
  ) {}

  /** Writes files, commits them and pushes; says the commit. */
  push(subject: string, files: Files): string {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.work, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    git(this.work, 'add', '--all');
    git(this.work, 'commit', '--quiet', '--message', subject);
    git(this.work, 'push', '--quiet', 'origin', 'main');
    return git(this.work, 'rev-parse', 'HEAD');
  }
}

/** Answers one request the CGI way. */
function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path, query = ''] = (request.url ?? '/').split('?');
  const header = (name: string) => String(request.headers[name] ?? '');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  backend.stdin.on('error', () => undefined);
  request.pipe(backend.stdin);
  const pieces: Buffer[] = [];
  backend.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  backend.on('close', () => {
    const output = Buffer.concat(pieces);
    const end = output.indexOf('\r\n\r\n');
    const headers = output.subarray(0, Math.max(end, 0)).toString().split('\r\n').filter(Boolean);
    let status = 200;
    for (const line of headers) {
      const [name, value] = line.split(/: (.*)/s);
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(end < 0 ? 500 : status);
    response.end(output.subarray(end + 4));
  });
}
