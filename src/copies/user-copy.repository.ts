import type { Logger } from 'pino';
import type { UserId } from '../domains/user/user.source.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { rowColumns, toRow } from '../platform/postgres/rows.js';
import { copySnapshot } from './copy-snapshot.js';
import { userCopies, type UserCopy } from './user-copy.source.js';
import type { UserSnapshot } from './user-snapshot.repository.js';

export interface UserCopyOptions {
  /** Whether the copies on orders follow. */
  readonly follows: boolean;
  readonly logger: Logger;
}

/** The copies of users in PostgreSQL. */
export class UserCopyRepository {
  readonly #postgres: PostgresDatabase;
  readonly #options: UserCopyOptions;

  constructor(postgres: PostgresDatabase, options: UserCopyOptions) {
    this.#postgres = postgres;
    this.#options = options;
  }

  /**
   * The copy of a user, or the tombstone of one who is gone; null where there is neither.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  async find(id: UserId): Promise<UserCopy | null> {
    const sql = `
      SELECT ${rowColumns(userCopies)} FROM "users" WHERE "mongoId" = $1::text AND "sourceVersion" IS NOT NULL`;
    const [row] = await this.#postgres.query(sql, id);
    return row === undefined ? null : toRow(userCopies, row);
  }

  /**
   * Writes what a snapshot has, but for what is newer already. It can be made again, late, and by several at once.
   *
   * @param follows whether the copies on orders are to follow by a job; not for whoever brings them up to date himself
   * @throws {AppError} POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN when the connection broke in the middle
   */
  async write(snapshot: UserSnapshot, follows = this.#options.follows): Promise<void> {
    // Somebody may have asked for an id that nobody ever had: no tombstone for it.
    const options = { postgres: this.#postgres, logger: this.#options.logger, follows, buries: false };
    await copySnapshot(snapshot, options, (statements) => this.#postgres.transaction('copying users', statements));
  }
}
