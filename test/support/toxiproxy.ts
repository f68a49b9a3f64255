import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { awaitReady } from '../../src/platform/embedded/readiness.js';
import { startServerProcess } from '../../src/platform/embedded/server-process.js';
import type { FaultyLink } from './faulty-link.js';
import { findOnPath } from './find-on-path.mjs';

export const NO_TOXIPROXY =
  'no toxiproxy: have a toxiproxy-server on the PATH, or set TOXIPROXY to one ' +
  '(go install github.com/Shopify/toxiproxy/v2/cmd/server@latest)';

/** Where toxiproxy's server is; null when there is none. */
export function findToxiproxy(): string | null {
  const { TOXIPROXY: chosen = '' } = process.env;
  return chosen === '' ? findOnPath('toxiproxy-server') : chosen;
}

/** A toxiproxy of the caller's own. */
export class Toxiproxy implements AsyncDisposable {
  readonly #api: string;
  readonly #stop: () => Promise<void>;

  private constructor(api: string, stop: () => Promise<void>) {
    this.#api = api;
    this.#stop = stop;
  }

  /** Starts one; nothing that it holds outlives it. */
  static async start(command: string): Promise<Toxiproxy> {
    const directory = await mkdtemp(path.join(tmpdir(), 'tandem-toxiproxy-'));
    const port = await freePort();
    const api = `http://127.0.0.1:${port}`;
    const logFile = path.join(directory, 'server.log');
    const server = await startServerProcess({
      command,
      args: ['-host', '127.0.0.1', '-port', String(port)],
      logFile,
      stopSteps: [{ signal: 'SIGKILL', withinMs: 10_000 }],
    });
    const isReady = async () => (await fetch(`${api}/version`)).ok;
    await awaitReady({ name: 'toxiproxy', server, logFile, withinMs: 10_000, isReady });
    return new Toxiproxy(api, async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    });
  }

  /** @param url of the database behind the link */
  linkTo(url: string): Promise<ToxicLink> {
    return ToxicLink.to(url, `${this.#api}/proxies`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

/** A proxy of toxiproxy's; to disturb it is to add toxics, to heal it is to remove them. */
class ToxicLink implements FaultyLink {
  readonly url: string;
  readonly #proxy: string;
  readonly #toxics = new Set<string>();

  private constructor(url: string, proxy: string) {
    this.url = url;
    this.#proxy = proxy;
  }

  static async to(url: string, proxies: string): Promise<ToxicLink> {
    const target = new URL(url);
    const name = target.protocol.slice(0, -1);
    const { listen } = await call(proxies, 'POST', { name, listen: '127.0.0.1:0', upstream: target.host });
    target.host = String(listen);
    return new ToxicLink(target.href, `${proxies}/${name}`);
  }

  silence(): Promise<void> {
    return this.#poison({ type: 'timeout', attributes: { timeout: 0 } }, ['upstream', 'downstream']);
  }

  reset(): Promise<void> {
    return this.#poison({ type: 'reset_peer', attributes: { timeout: 0 } }, ['upstream', 'downstream']);
  }

  delay(latency: number): Promise<void> {
    return this.#poison({ type: 'latency', attributes: { latency } }, ['downstream']);
  }

  async heal(): Promise<void> {
    for (const name of this.#toxics) await call(`${this.#proxy}/toxics/${name}`, 'DELETE');
    this.#toxics.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await call(this.#proxy, 'DELETE');
  }

  async #poison(toxic: object, streams: readonly ('upstream' | 'downstream')[]): Promise<void> {
    for (const stream of streams) {
      const { name } = await call(`${this.#proxy}/toxics`, 'POST', { ...toxic, stream });
      this.#toxics.add(String(name));
    }
  }
}

async function call(url: string, method: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`toxiproxy answers ${method} ${url} with ${response.status}: ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
