import { AsyncResource } from 'node:async_hooks';
import pg from 'pg';
import { currentDeadline } from '../deadline.js';
import { reportStatement } from '../statements.js';
import { requestCancel } from './cancel-request.js';
import { isSilence } from './postgres-errors.js';

const TRANSACTION_CONTROL = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET TRANSACTION)\b/i;

type Query = (...parameters: unknown[]) => unknown;
type Callback = (...answer: unknown[]) => void;
type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, done: () => void) => void;

export interface RecordingPoolConfig extends pg.PoolConfig {
  /** How long opening a connection may take, in milliseconds; `connectionTimeoutMillis` is how long one is waited for. */
  readonly connectTimeout: number;
}

/**
 * A connection that reports each statement as it is sent, and ends it with the deadline of whoever asks; the frame of a
 * transaction is not counted, nor cut.
 */
class RecordingClient extends pg.Client {
  /** Whether nobody may use it any more. */
  isSpent = false;

  constructor({ connectTimeout = 0, ...config }: Partial<RecordingPoolConfig> = {}) {
    super({ ...config, connectionTimeoutMillis: connectTimeout });
  }

  // The driver's overloads are not worth repeating: whatever comes in goes out.
  override query: never = ((...parameters: unknown[]): unknown => {
    const [config] = parameters;
    const text = typeof config === 'string' ? config : (config as { text?: string } | null)?.text;
    if (text === undefined || TRANSACTION_CONTROL.test(text)) return this.#send(parameters);
    const signal = currentDeadline();
    if (signal?.aborted === true) return refused(signal.reason as Error, parameters.at(-1));
    reportStatement('postgres', () => text);
    return signal === null ? this.#send(parameters) : this.#sendUntil(signal, parameters);
  }) as never;

  #send(parameters: unknown[]): unknown {
    const answer = (pg.Client.prototype.query as unknown as Query).apply(this, parameters);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        this.#endIfSilent(error);
      });
    }
    return answer;
  }

  #sendUntil(signal: AbortSignal, parameters: unknown[]): unknown {
    const cancel = () => {
      this.#cancel();
    };
    const onAnswer = () => {
      signal.removeEventListener('abort', cancel);
    };
    signal.addEventListener('abort', cancel, { once: true });
    const callback = parameters.at(-1);
    if (typeof callback !== 'function') {
      const answer = this.#send(parameters) as Promise<unknown>;
      answer.then(onAnswer, onAnswer);
      return answer;
    }
    const answered: Callback = (...answer) => {
      onAnswer();
      (callback as Callback)(...answer);
    };
    return this.#send([...parameters.slice(0, -1), answered]);
  }

  /**
   * A request to cancel is for whatever the session runs when it arrives, which is another's statement where this one was
   * faster and the connection went on: so a connection for which one was sent never serves again.
   */
  #cancel(): void {
    this.isSpent = true;
    void requestCancel(this).finally(() => {
      void this.end().catch(() => undefined);
    });
  }

  /**
   * A connection that has not answered in time may do so later, in the middle of whatever it is used for then: the driver
   * keeps it, and so would the pool.
   */
  #endIfSilent(error: unknown): void {
    if (isSilence(error)) void this.end().catch(() => undefined);
  }
}

/** What a statement is told that is not sent any more. */
function refused(reason: Error, callback: unknown): unknown {
  if (typeof callback !== 'function') return Promise.reject(reason);
  process.nextTick(callback, reason);
  return undefined;
}

/** A pool whose statements are reported to the request that asked for them, and end with its deadline. */
export class RecordingPool extends pg.Pool {
  constructor(config: RecordingPoolConfig) {
    super({ ...config, Client: RecordingClient });
    // The pool lets go of what is ending.
    this.on('release', (_error, client) => {
      if ((client as unknown as RecordingClient).isSpent) void client.end();
    });
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return super.connect();
    // A waiting caller is called back from whoever released the connection, in that one's context: bind it to its own.
    const bound: ConnectCallback = AsyncResource.bind((error, client, done) => {
      const signal = currentDeadline();
      if (client === undefined || signal?.aborted !== true) {
        callback(error, client, done);
        return;
      }
      // Nobody waits any more: the next one gets it, unused.
      done();
      callback(signal.reason as Error, undefined, () => undefined);
    });
    super.connect(bound);
    return undefined;
  }
}
