import type { Logger } from 'pino';
import pg from 'pg';
import { OURS } from '../platform/jobs/job-queue.js';
import { jobSchema } from '../platform/jobs/job-schema.js';
import { quoted } from '../platform/postgres/columns.js';
import { connectionConfig } from '../platform/postgres/connection.js';
import { isSilence } from '../platform/postgres/postgres-errors.js';
import { closed } from './closed.js';
import { TIMINGS } from '../platform/timings.js';

/** The first half of the advisory locks' keys: "tand", in ASCII. */
const LOCK_CLASS = 0x74616e64;

/**
 * Else the server waits for the lock for ever, once for each attempt of ours that it cannot hear any more, and keeps the
 * lock of who is out of reach for as long as its system does: hours.
 */
const session = () => [
  `lock_timeout=${TIMINGS.presence.lock}`,
  `statement_timeout=${TIMINGS.presence.statement}`,
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
];

/** In how many looks those are looked for once that hold jobs and are known to nobody. */
const LOOKS = 10;

const SAY_SEEN = `
  INSERT INTO "tandem_workers" ("id") VALUES ($1) ON CONFLICT ("id") DO UPDATE SET "seenAt" = clock_timestamp()`;

/**
 * What tells workers that live from those that have died: each holds an advisory lock on its name, on a connection of its
 * own, which PostgreSQL lets go of the moment that the process is gone. Whoever finds a name whose lock is free gives the
 * jobs of that worker back: graphile-worker itself waits for four hours. A worker that is frozen holds its lock; its jobs
 * are given to others after a while, which costs nothing, since handlers can run twice.
 */
export class Presence implements AsyncDisposable {
  readonly #url: string;
  readonly #logger: Logger;
  readonly #schema: string;
  readonly #onSilence: () => void;
  #looks = 0;
  #name: string | null = null;
  #announced: Promise<void> = Promise.resolve();
  #last: Promise<void> = Promise.resolve();
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;

  /**
   * @param options.schema of the tables
   * @param options.onSilence told when PostgreSQL has not answered for a while: other connections wait for it as well
   */
  constructor(options: { url: string; schema: string; logger: Logger; onSilence?: () => void }) {
    this.#onSilence = options.onSilence ?? (() => undefined);
    this.#url = options.url;
    this.#schema = jobSchema(options.schema);
    this.#logger = options.logger;
  }

  /** Takes the lock of a worker of this process, before it takes a job; a former name's is let go. */
  async announce(name: string): Promise<void> {
    if (this.#name !== name) {
      this.#name = name;
      this.#announced = this.#inTurn(async () => {
        // A former name's lock is let go with its connection: its jobs are those of a worker that has died.
        await this.#drop();
        await this.#connect(name);
      });
      // What is there at the start is often what a former process of this one has left.
      this.#schedule(0);
    }
    await this.#announced;
  }

  /** One after the other: two connections at once would wait for each other's lock. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #connect(name: string): Promise<pg.Client> {
    const client = new pg.Client({
      ...connectionConfig(this.#url, session()),
      application_name: 'tandem worker',
      connectionTimeoutMillis: TIMINGS.presence.connect,
      query_timeout: TIMINGS.presence.statement + 1_000,
      keepAlive: true,
    });
    // Unheard, the event would end the process.
    client.on('error', () => {
      if (this.#client === client) this.#client = null;
    });
    try {
      await client.connect();
      await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [LOCK_CLASS, name]);
      await client.query(SAY_SEEN, [name]);
    } catch (error) {
      await closed(client);
      throw error;
    }
    this.#client = client;
    return client;
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      void this.#inTurn(() => this.#look())
        .catch((error: unknown) => {
          this.#logger.debug({ err: error }, 'the workers could not be looked at; they will be');
          if (isSilence(error)) this.#onSilence();
          return this.#inTurn(() => this.#drop());
        })
        .finally(() => {
          this.#schedule(TIMINGS.presence.interval);
        });
    }, delay);
  }

  async #look(): Promise<void> {
    if (this.#name === null) return;
    const client = this.#client ?? (await this.#connect(this.#name));
    // Somebody may have taken us for dead while the connection was broken.
    await client.query(SAY_SEEN, [this.#name]);
    if (this.#looks % LOOKS === 0) await this.#freeUnknown(client);
    this.#looks += 1;
    const { rows } = await client.query<{ id: string; isDead: boolean }>(
      `SELECT "id", "isDead" FROM (
         SELECT "id", pg_try_advisory_xact_lock($1, hashtext("id")) AS "isDead",
           "seenAt" < clock_timestamp() - make_interval(secs => $3) AS "isFrozen"
         FROM "tandem_workers" WHERE "id" <> $2) AS "others"
       WHERE "isDead" OR ("isFrozen" AND EXISTS (SELECT FROM ${quoted(this.#schema)}."jobs" WHERE "locked_by" = "others"."id"))`,
      [LOCK_CLASS, this.#name, TIMINGS.presence.frozen / 1_000],
    );
    if (rows.length === 0) return;
    const dead = rows.filter(({ isDead }) => isDead).map(({ id }) => id);
    await this.#free(client, dead, true);
    const frozen = rows.filter(({ isDead }) => !isDead).map(({ id }) => id);
    await this.#free(client, frozen, false);
    await client.query('DELETE FROM "tandem_workers" WHERE "id" = ANY($1::text[])', [dead]);
    this.#logger.warn({ dead, frozen }, 'the jobs of workers that have died, or are frozen, are given to others');
  }

  /** Of workers that took jobs and died before they were known to anybody. */
  async #freeUnknown(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ id: string }>(
      `SELECT DISTINCT "locked_by" AS "id" FROM ${quoted(this.#schema)}."jobs"
       WHERE "locked_at" < clock_timestamp() - make_interval(secs => $1) AND starts_with("task_identifier", '${OURS}')
         AND NOT EXISTS (SELECT FROM "tandem_workers" WHERE "tandem_workers"."id" = "locked_by")`,
      [TIMINGS.presence.frozen / 1_000],
    );
    await this.#free(
      client,
      rows.map(({ id }) => id),
      true,
    );
  }

  /**
   * Gives jobs of workers to others. That a worker has died is not its jobs' fault: the attempt at which it did is not
   * counted, or a few restarts in a row would park them.
   */
  async #free(client: pg.Client, names: readonly string[], givesBack: boolean): Promise<void> {
    if (names.length === 0) return;
    const schema = quoted(this.#schema);
    const { rows } = await client.query<{ ids: string[]; attempts: number }>(
      `SELECT array_agg("id"::text) AS "ids", "attempts" FROM ${schema}."jobs"
       WHERE "locked_by" = ANY($1::text[]) AND "key" IS NOT NULL AND "attempts" > 0 GROUP BY "attempts"`,
      [names],
    );
    await client.query(`SELECT ${schema}.force_unlock_workers($1::text[])`, [names]);
    for (const { ids, attempts } of givesBack ? rows : []) {
      await client.query(`SELECT ${schema}.reschedule_jobs($1::bigint[], attempts := $2::int)`, [ids, attempts - 1]);
    }
  }

  /** What a worker that was stopped still holds is for others at once. */
  async #leave(): Promise<void> {
    if (this.#client === null || this.#name === null) return;
    await this.#free(this.#client, [this.#name], true);
    await this.#client.query('DELETE FROM "tandem_workers" WHERE "id" = $1', [this.#name]);
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client !== null) await closed(client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    await this.#inTurn(async () => {
      await this.#leave().catch(() => undefined);
      await this.#drop();
    });
  }
}
