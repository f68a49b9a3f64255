import { AsyncResource } from 'node:async_hooks';
import pg from 'pg';
import { isSilence } from './postgres-errors.js';
import { reportStatement } from '../statements.js';

const TRANSACTION_CONTROL = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET TRANSACTION)\b/i;

type Query = (...parameters: unknown[]) => unknown;
type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, done: () => void) => void;

export interface RecordingPoolConfig extends pg.PoolConfig {
  /** How long opening a connection may take, in milliseconds; `connectionTimeoutMillis` is how long one is waited for. */
  readonly connectTimeout: number;
}

/** A connection that reports each statement as it is sent; the frame of a transaction is not counted. */
class RecordingClient extends pg.Client {
  constructor({ connectTimeout = 0, ...config }: Partial<RecordingPoolConfig> = {}) {
    super({ ...config, connectionTimeoutMillis: connectTimeout });
  }

  // The driver's overloads are not worth repeating: whatever comes in goes out.
  override query: never = ((...parameters: unknown[]): unknown => {
    const [config] = parameters;
    const text = typeof config === 'string' ? config : (config as { text?: string } | null)?.text;
    if (text !== undefined && !TRANSACTION_CONTROL.test(text)) reportStatement('postgres', () => text);
    const answer = (pg.Client.prototype.query as unknown as Query).apply(this, parameters);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        this.#endIfSilent(error);
      });
    }
    return answer;
  }) as never;

  /**
   * A connection that has not answered in time may do so later, in the middle of whatever it is used for then: the driver
   * keeps it, and so would the pool.
   */
  #endIfSilent(error: unknown): void {
    if (isSilence(error)) void this.end().catch(() => undefined);
  }
}

/** A pool whose statements are reported to the request that asked for them. */
export class RecordingPool extends pg.Pool {
  constructor(config: RecordingPoolConfig) {
    super({ ...config, Client: RecordingClient });
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return super.connect();
    // A waiting caller is called back from whoever released the connection, in that one's context: bind it to its own.
    super.connect(AsyncResource.bind(callback));
    return undefined;
  }
}
