import pg from 'pg';
import { connectionConfig } from '../platform/postgres/connection.js';
import { CLOSING_PATIENCE } from './closed.js';
import { within } from './within.js';

type Release = (problem?: Error | boolean) => void;
/** Of a pool that has ended, it is told the error alone. */
type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, release?: Release) => void;

/** The connections of one run of graphile-worker's. What breaks on them ends neither the process nor the worker. */
export class WorkerPool extends pg.Pool {
  readonly #clients = new Set<pg.PoolClient>();

  constructor(url: string, applicationName: string) {
    super({
      ...connectionConfig(url),
      max: 4,
      application_name: applicationName,
      connectionTimeoutMillis: 2_000,
      // Longer than silence is noticed in: what hangs while the worker begins again ends by this.
      query_timeout: 30_000,
      keepAlive: true,
    });
    // Unheard, the events would end the process.
    this.on('error', () => undefined);
    this.on('connect', (client) => {
      this.#clients.add(client);
      client.on('error', () => undefined);
    });
    this.on('remove', (client) => this.#clients.delete(client));
  }

  /**
   * Where a connection breaks while its worker stops, the library releases it twice. The driver throws at the second
   * time, where nobody catches it, and the process would end.
   */
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return super.connect();
    super.connect((error: Error | undefined, client: pg.PoolClient | undefined, release?: Release) => {
      callback(error, client, release === undefined ? undefined : releasedOnce(release));
    });
    return undefined;
  }

  /** Ends the pool; where the driver waits for connections that are gone, without them. */
  async close(): Promise<void> {
    if (await within(CLOSING_PATIENCE, this.end())) return;
    for (const client of this.#clients) void client.end().catch(() => undefined);
  }
}

function releasedOnce(release: Release): Release {
  let isReleased = false;
  return (problem) => {
    if (isReleased) return;
    isReleased = true;
    release(problem);
  };
}
