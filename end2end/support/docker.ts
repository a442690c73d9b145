// The engine, asked over its socket: the tests need no Docker client.

import { request } from 'node:http';

export interface Answer {
  status: number;
  text: string;
}

/** One question to the engine. */
export function docker(method: string, path: string, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socketPath = process.env.HOMEPORT_DOCKER_SOCKET ?? '/var/run/docker.sock';
    const headers = body ? { 'content-type': 'application/x-tar', 'content-length': body.length } : {};
    const asked = request({ socketPath, method, path, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

async function list<T>(path: string): Promise<T[]> {
  const answer = await docker('GET', path);
  return answer.status === 200 ? JSON.parse(answer.text) : [];
}

const filtered = (path: string, by: object) => `${path}filters=${encodeURIComponent(JSON.stringify(by))}`;

/** The names of a namespace's containers, running or not. */
export async function containersOf(namespace: string): Promise<string[]> {
  const by = { label: [`homeport.namespace=${namespace}`] };
  const found = await list<{ Names: string[] }>(filtered('/containers/json?all=true&', by));
  return found.flatMap((container) => container.Names.map((name) => name.slice(1)));
}

/** Removes a namespace's containers, the images that its builds made, and its network. */
export async function removeNamespace(namespace: string): Promise<void> {
  for (const name of await containersOf(namespace)) {
    await docker('DELETE', `/containers/${name}?force=true&v=true`);
  }
  const built = { reference: [`homeport-${namespace}/*`] };
  for (const image of await list<{ Id: string }>(filtered('/images/json?', built))) {
    await docker('DELETE', `/images/${image.Id}?force=true`);
  }
  await docker('DELETE', `/networks/homeport-${namespace}`);
}
