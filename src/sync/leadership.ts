import { setTimeout as rest } from 'node:timers/promises';
import pg from 'pg';
import {
  changeState,
  LEADER_LOCK,
  MAKE_STATE,
  TAKE_STATE,
  toState,
  type StateChange,
  type SyncState,
} from '../copies/sync-state.js';
import { connectionConfig } from '../platform/postgres/connection.js';
import { translated } from '../platform/postgres/postgres-errors.js';
import type { Sql } from '../platform/postgres/postgres.js';
import { closed } from './closed.js';
import { TIMINGS } from '../platform/timings.js';

export interface LeadershipOptions {
  readonly url: string;
  /** Of the tables. */
  readonly schema: string;
  /** How the leader calls itself, for people to see. */
  readonly name: string;
}

const session = () => [
  `statement_timeout=${TIMINGS.leadership.statement}`,
  `lock_timeout=${TIMINGS.leadership.lock}`,
  `idle_in_transaction_session_timeout=${TIMINGS.leadership.silence}`,
  'tcp_keepalives_idle=5',
  'tcp_keepalives_interval=2',
  'tcp_keepalives_count=3',
];

/** Another one leads by now, or nobody does: what this one wanted to write was not written. */
export class LeadershipLostError extends Error {}

type Row = Record<string, unknown>;

/**
 * The right to make the copy of users, which one process has at a time: a lock of PostgreSQL's on a session of its own, in
 * which all is written. The lock goes with the session, and the session with the process; that of a process that says
 * nothing for a while is ended by PostgreSQL. Should a former leader write all the same, its epoch is an old one, and
 * nothing is written.
 */
export class Leadership implements AsyncDisposable {
  readonly #client: pg.Client;
  readonly #timer: NodeJS.Timeout;
  #state: SyncState;
  #isLost = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(client: pg.Client, state: SyncState) {
    this.#client = client;
    this.#state = state;
    client.on('end', () => (this.#isLost = true));
    this.#timer = setInterval(() => {
      this.#inTurn(() => this.#say('SELECT 1')).catch(() => undefined);
    }, TIMINGS.leadership.interval);
  }

  /** Waits until nobody else leads. Null when it is told to stop. @throws what PostgreSQL says */
  static async await(options: LeadershipOptions, stopping: AbortSignal): Promise<Leadership | null> {
    const client = new pg.Client({
      ...connectionConfig(options.url, session()),
      application_name: 'tandem sync',
      connectionTimeoutMillis: 2_000,
      query_timeout: TIMINGS.leadership.statement + 1_000,
      keepAlive: true,
    });
    // Unheard, the event would end the process; the next query says the same.
    client.on('error', () => undefined);
    try {
      await client.connect();
      // Before version 14 there is no such setting, and a frozen leader keeps its lock.
      await client.query(`SET idle_session_timeout = ${TIMINGS.leadership.silence}`).catch(() => undefined);
      const lock = 'SELECT pg_try_advisory_lock($1, hashtext($2)) AS "isOurs"';
      while (!stopping.aborted) {
        const { rows } = await client.query<{ isOurs: boolean }>(lock, [LEADER_LOCK, options.schema]);
        if (rows[0]?.isOurs === true) {
          await client.query(MAKE_STATE);
          const { rows: taken } = await client.query<Row>(TAKE_STATE, [options.name]);
          return new Leadership(client, toState(taken[0] ?? {}));
        }
        await rest(TIMINGS.leadership.interval, undefined, { signal: stopping }).catch(() => undefined);
      }
    } catch (error) {
      await closed(client);
      throw error;
    }
    await closed(client);
    return null;
  }

  /** As of the last change. */
  get state(): SyncState {
    return this.#state;
  }

  /** Reads. @throws {LeadershipLostError} when the session is gone */
  query(sql: string, ...parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#inTurn(async () => (await this.#send({ sql, parameters })).rows as readonly Row[]);
  }

  /**
   * Writes in one transaction what the statements say and how far that has brought the copy: both or neither.
   *
   * @throws {LeadershipLostError} when another one leads, or the session is gone: then nothing was written, or it was, and
   * the next leader sees it
   * @throws what PostgreSQL refused a statement with; nothing was written
   */
  write(statements: readonly Sql[], change: StateChange): Promise<void> {
    return this.#inTurn(async () => {
      await this.#say('BEGIN');
      try {
        // First, so that two who take each other for former leaders wait here, and only one of them goes on.
        const { rows } = await this.#send(changeState(this.#state.epoch, change));
        if (rows[0] === undefined) throw new LeadershipLostError('another one leads');
        for (const statement of statements) await this.#send(statement);
        await this.#send({ sql: 'COMMIT', parameters: [] });
        this.#state = toState(rows[0] as Row);
      } catch (error) {
        if (!this.#isLost) await this.#send({ sql: 'ROLLBACK', parameters: [] });
        if (error instanceof LeadershipLostError) this.#isLost = true;
        throw error;
      }
    });
  }

  /** Lets another one lead. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#last.catch(() => undefined);
    await closed(this.#client);
  }

  /** One after the other: what is said in the middle of a transaction would be a part of it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** What is answered at once: without an answer PostgreSQL has not heard it, and has ended the session by then. */
  #say(sql: string): Promise<pg.QueryResult> {
    return this.#send({ sql, parameters: [] }, TIMINGS.leadership.silence);
  }

  /** @param timeout in milliseconds; that of the connection where absent */
  async #send({ sql, parameters }: Sql, timeout?: number): Promise<pg.QueryResult> {
    if (this.#isLost) throw new LeadershipLostError('the session is gone');
    try {
      const query = { text: sql, values: [...parameters], query_timeout: timeout };
      return await this.#client.query(query);
    } catch (error) {
      // What the server says of a statement leaves the session as it is.
      if (error instanceof pg.DatabaseError && translated(error) === error) throw error;
      this.#isLost = true;
      throw new LeadershipLostError('the session is gone', { cause: error });
    }
  }
}
