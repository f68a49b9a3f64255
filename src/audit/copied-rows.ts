import { batchOf, type CopyRow } from '../copies/copy-batch.js';
import { copyTable } from '../copies/copy-table.js';
import { COPIED, userCopies, type UserCopy } from '../copies/user-copy.source.js';
import type { CopiedUser, UserSnapshot } from '../copies/user-snapshot.repository.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { rowColumns, toRow } from '../platform/postgres/rows.js';
import type { ReadUsers } from './user-reads.js';

/** Reads the rows of users that are copies, and says what they should be. */
export class CopiedRows {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** By the users' ids. @throws {AppError} POSTGRES_UNAVAILABLE */
  async ofUsers(ids: readonly string[]): Promise<ReadonlyMap<string, UserCopy>> {
    const rows = await this.#read('"mongoId" = ANY($1::text[])', ids);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** The next copies of users who are there, as far as the copies know. @throws {AppError} as {@link ofUsers} does */
  after(id: string | null, size: number): Promise<readonly UserCopy[]> {
    // In the order of the column's own collation, which is its index's.
    const which = `($1::text IS NULL OR "mongoId" > $1::text) AND "mongoId" IS NOT NULL AND "deletedAt" IS NULL`;
    return this.#read(`${which} ORDER BY "mongoId" LIMIT ${Math.trunc(size)}`, id);
  }

  /** What the copies of users should be, by their ids. @throws {AppError} as {@link ofUsers} does */
  async expected({ at, users }: Pick<UserSnapshot, 'at' | 'users'>): Promise<ReadonlyMap<string, CopyRow>> {
    const { lengths } = await copyTable(this.#postgres);
    return new Map(batchOf({ at, users, gone: [] }, lengths).rows.map((row) => [row.id, row]));
  }

  /** The same of users who were read one by one. */
  async expectedOf({ at, byId }: Pick<ReadUsers, 'at' | 'byId'>): Promise<ReadonlyMap<string, CopyRow>> {
    return at === null ? new Map() : this.expected({ at, users: [...byId.values()] });
  }

  async #read(which: string, parameter: unknown): Promise<readonly UserCopy[]> {
    const rows = await this.#postgres.query(`SELECT ${rowColumns(userCopies)} FROM "users" WHERE ${which}`, parameter);
    return rows.map((row) => toRow<UserCopy>(userCopies, row));
  }
}

/** The fields in which a copy is not what it should be; a copy that says itself what is wrong with it has none. */
export function differingFields(copy: UserCopy, expected: CopiedUser): readonly string[] {
  if (copy.emailConflict || copy.syncProblem !== null || copy.erasedAt !== null) return [];
  if (copy.deletedAt !== null) return ['deletedAt'];
  return COPIED.filter((field) => copy[field] !== expected[field]);
}

/** Whether a copy was made later than a moment. */
export function isLater({ sourceVersion }: UserCopy, moment: string | null): boolean {
  return sourceVersion !== null && moment !== null && sourceVersion > moment;
}
