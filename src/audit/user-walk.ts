import type { CopyRow } from '../copies/copy-batch.js';
import type { UserCopy } from '../copies/user-copy.source.js';
import type { UserSnapshot, UserSnapshots } from '../copies/user-snapshot.repository.js';
import { isAppError } from '../errors/app-error.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import { decodedKey, encodedKey } from '../platform/mongo/encoded-key.js';
import { readAhead, type ConsistencyWalk, type JudgedRows } from './consistency-walk.js';
import { CopiedRows, differingFields, isLater } from './copied-rows.js';
import type { Standing } from './copy-progress.js';
import type { Found } from './inconsistency.js';
import type { UserReads } from './user-reads.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';

/** Goes through MongoDB's users: whether each has a copy that is what the user is. */
export class UserWalk implements ConsistencyWalk {
  readonly name = 'users';
  readonly #copies: CopiedRows;
  readonly #users: UserReads;
  readonly #snapshots: Pick<UserSnapshots, 'after'>;

  constructor(parts: { postgres: PostgresDatabase; userReads: UserReads; snapshots: Pick<UserSnapshots, 'after'> }) {
    this.#copies = new CopiedRows(parts.postgres);
    this.#users = parts.userReads;
    this.#snapshots = parts.snapshots;
  }

  async *stretches(after: string | null, size: number): AsyncGenerator<JudgedRows> {
    const read = async (behind: string | null) => {
      const snapshot = await this.#snapshot(behind, size);
      const isLast = snapshot === null || snapshot.users.length < size;
      return { rows: snapshot === null ? [] : [snapshot], next: isLast ? null : encodedKey(snapshot.last) };
    };
    for await (const { rows, start, next } of readAhead(read, after)) {
      const [snapshot] = rows;
      if (snapshot === undefined) continue;
      yield { examined: snapshot.users.length, found: await this.#judge(snapshot), start, next };
    }
  }

  /**
   * A copy that is neither what it should have been when it was found, nor what the user is now, and was not made since.
   * Two documents may have one id, of which only one is copied.
   */
  async lasting(before: readonly Found[], { kind, isWhole }: Standing): Promise<readonly Found[]> {
    const ids = before.map(({ id }) => id);
    const people = await this.#users.ofIds(ids);
    const [expected, copies] = [await this.#copies.expectedOf(people), await this.#copies.ofUsers(ids)];
    return before.filter(({ id, moment, expected: then }) => {
      const [now, copy] = [expected.get(id), copies.get(id)];
      if (now === undefined) return false;
      if (copy === undefined) return isWhole;
      if (isLater(copy, kind === 'covered' ? moment : people.at)) return false;
      const wasRight = kind === 'covered' && differingFields(copy, then as CopyRow).length === 0;
      return differingFields(copy, now).length > 0 && !wasRight;
    });
  }

  /** Null where MongoDB has no moments: nothing is copied from there. */
  async #snapshot(behind: string | null, size: number): Promise<UserSnapshot | null> {
    try {
      return await this.#snapshots.after(behind === null ? undefined : decodedKey(behind), size);
    } catch (error) {
      if (isAppError(error, 'SYNC_UNAVAILABLE')) return null;
      throw error;
    }
  }

  async #judge(snapshot: UserSnapshot): Promise<readonly Found[]> {
    const expected = await this.#copies.expected(snapshot);
    const copies = await this.#copies.ofUsers([...expected.keys()]);
    return [...expected.values()].flatMap((row) => judged(row, copies.get(row.id), snapshot.at));
  }
}

function judged(expected: CopyRow, copy: UserCopy | undefined, moment: ClusterTime): readonly Found[] {
  const about = { kind: 'staleCopies', id: expected.id, reference: null, moment, expected } as const;
  if (copy === undefined) return [{ ...about, reason: 'MISSING', problem: 'the user has no copy' }];
  const fields = isLater(copy, moment) ? [] : differingFields(copy, expected);
  if (fields.length === 0) return [];
  if (copy.deletedAt !== null) {
    return [{ ...about, reason: 'STALE', problem: 'the copy is marked as deleted, and the user is there' }];
  }
  const problem = `the copy has another ${fields.join(', ')} than the user`;
  return [{ ...about, reason: 'STALE', problem }];
}
