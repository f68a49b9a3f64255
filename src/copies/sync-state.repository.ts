import { jobSchema } from '../platform/jobs/job-schema.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import { quoted } from '../platform/postgres/columns.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { isFollowJob } from './follow-job.js';
import {
  isCovered,
  LEADER_LOCK,
  MAKE_STATE,
  READ_STATE,
  REQUEST_BACKFILL,
  toState,
  type SyncState,
} from './sync-state.js';

/** How the copy of users stands, for whoever does not make it. */
export class SyncStateRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** Null where nobody has begun it. @throws {AppError} POSTGRES_UNAVAILABLE */
  async read(): Promise<SyncState | null> {
    const [row] = await this.#postgres.query(READ_STATE);
    return row === undefined ? null : toState(row);
  }

  /** Whether anybody copies users at the moment: the leader that the state tells of may be gone. @throws as above */
  async isLed(): Promise<boolean> {
    const sql = `
      SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_database ON "database" = pg_database.oid
        WHERE locktype = 'advisory' AND granted AND datname = current_database() AND objsubid = 2
          AND classid = ${LEADER_LOCK}::oid AND objid = (hashtext($1)::bigint & 4294967295)::oid) AS "isLed"`;
    const [row] = await this.#postgres.query(sql, this.#postgres.schema);
    return row?.['isLed'] === true;
  }

  /**
   * Whether everything up to a moment is in the copies, those on orders too.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  async isInStep(moment: ClusterTime): Promise<boolean> {
    const jobs = `${quoted(jobSchema(this.#postgres.schema))}."jobs"`;
    const [row] = await this.#postgres.query(
      `SELECT "state".*, EXISTS (SELECT FROM ${jobs} WHERE ${isFollowJob('"key"')}) AS "isFollowing"
       FROM (${READ_STATE}) AS "state"`,
    );
    return row !== undefined && isCovered(toState(row), moment) && row['isFollowing'] === false;
  }

  /** Asks whoever leads for a backfill, unless one is under way. @throws {AppError} POSTGRES_UNAVAILABLE */
  async requestBackfill(): Promise<void> {
    await this.#postgres.transaction('asking for a backfill', [
      { sql: MAKE_STATE, parameters: [] },
      { sql: REQUEST_BACKFILL, parameters: [] },
    ]);
  }
}
