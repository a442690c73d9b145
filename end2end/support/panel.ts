// A panel of its own for a test or a file: the built program, a new state folder, free ports, a
// random namespace. Two of them never meet.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { containersOf, removeNamespace } from './docker.ts';
import { folder, freePort, program, run, sleep } from './machine.ts';
import { type Visit, visit, Load } from './visitor.ts';

const execute = promisify(execFile);
/** An image that nobody has: the tests connect nothing to Cloudflare. */
const noConnector = '127.0.0.1:1/none/cloudflared:1';
let made = 0;

export class Panel {
  private child?: ChildProcess;
  private said = '';
  private logged = '';

  private constructor(
    readonly namespace: string,
    readonly ports: { panel: number; http: number; https: number; ssh: number; tunnel: number; metrics: number },
  ) {}

  /** Starts a new panel that nobody owns. */
  static async start(): Promise<Panel> {
    const namespace = `e${run}-${process.pid.toString(36)}${made++}`.slice(0, 16);
    const ports = { panel: await freePort(), http: await freePort(), https: await freePort(), ssh: await freePort(), tunnel: await freePort(), metrics: await freePort() };
    const panel = new Panel(namespace, ports);
    mkdirSync(join(folder, namespace), { mode: 0o711 });
    await panel.serve();
    return panel;
  }

  /** The address that people type. */
  get origin(): string {
    return `http://localhost:${this.ports.panel}`;
  }

  private get state(): string {
    return join(folder, this.namespace, 'state');
  }

  /** The log so far, for a test that failed. */
  get log(): string {
    return this.logged;
  }

  /** The link that the console shows while nobody owns the panel. */
  get claimLink(): string {
    const link = this.said.match(/http:\/\/\S+\/claim#\S+/);
    if (!link) throw new Error(`no claim link was printed: ${this.said}\n${this.logged}`);
    return link[0];
  }

  /** Adds a line to one of nginx's files, as a hand on the host would. */
  changeByHand(file: string, line: string): void {
    appendFileSync(join(this.state, 'nginx/current', file), line);
  }

  /** Starts the program on the state folder, again or for the first time, and waits for its answer. */
  async serve(): Promise<void> {
    const { panel, http, https, ssh, tunnel, metrics } = this.ports;
    const child = spawn(program, [
      ...['serve', '--state', this.state, '--origin', this.origin, '--listen', `127.0.0.1:${panel}`],
      ...['--http-port', `${http}`, '--https-port', `${https}`, '--ssh-port', `${ssh}`, '--bind', '127.0.0.1'],
      ...['--tunnel-port', `${tunnel}`, '--tunnel-metrics-port', `${metrics}`, '--tunnel-image', noConnector],
      ...['--namespace', this.namespace, '--allow-local-git', 'true'],
    ]);
    child.stdout.on('data', (piece) => (this.said += piece));
    child.stderr.on('data', (piece) => (this.logged += piece));
    this.child = child;
    for (let tries = 0; tries < 300; tries++) {
      if (child.exitCode !== null) throw new Error(`the panel ended with ${child.exitCode}: ${this.logged}`);
      if (await answers(`http://127.0.0.1:${panel}/healthz`, `localhost:${panel}`)) return;
      await sleep(100);
    }
    throw new Error(`the panel does not answer: ${this.logged}`);
  }

  /** Ends the program as a power cut would. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** What `homeport recover` prints. */
  async recoverLink(): Promise<string> {
    const { stdout } = await execute(program, ['recover', '--state', this.state, '--origin', this.origin]);
    return stdout.trim();
  }

  /** The host name that an app has from the start. */
  hostOf(app: string): string {
    return `${app}.apps.localhost`;
  }

  /** Asks an app through nginx. */
  visit(app: string, path = '/'): Promise<Visit> {
    return visit(this.ports.http, this.hostOf(app), path);
  }

  /** Asks an app forty times a second through nginx. */
  load(app: string): Load {
    return Load.start(this.ports.http, this.hostOf(app));
  }

  /** The names of its containers. */
  containers(): Promise<string[]> {
    return containersOf(this.namespace);
  }

  /** Ends the program and removes whatever it made. */
  async remove(): Promise<void> {
    await this.kill('SIGTERM');
    await removePanel(this.namespace);
  }
}

function answers(url: string, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get(url, { headers: { host }, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.on('timeout', () => asked.destroy());
  });
}

/** Removes a panel's nginx, containers, images, network, table and folder; repeatable. */
export async function removePanel(namespace: string): Promise<void> {
  const own = join(folder, namespace);
  stopNginx(own);
  await removeNamespace(namespace);
  await execute('nft', ['delete', 'table', 'ip', `homeport_${namespace.replaceAll('-', '_')}`]).catch(() => undefined);
  rmSync(own, { recursive: true, force: true, maxRetries: 5 });
}

/** Stops the master whose configuration lies in the folder, and no other. */
function stopNginx(own: string): void {
  try {
    const pid = Number.parseInt(readFileSync(join(own, 'state/nginx/nginx.pid'), 'utf8'), 10);
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (line.includes('nginx: master process') && line.includes(own)) process.kill(pid, 'SIGTERM');
  } catch {
    // It does not run.
  }
}
