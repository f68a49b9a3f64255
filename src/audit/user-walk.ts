import type { CopyRow } from '../copies/copy-batch.js';
import type { UserCopy } from '../copies/user-copy.source.js';
import type { UserSnapshots, UserStretch } from '../copies/user-snapshot.repository.js';
import { users } from '../domains/user/user.source.js';
import { isAppError } from '../errors/app-error.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import { decodedKey, encodedKey } from '../platform/mongo/encoded-key.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { sharedIds, type SharedId } from '../platform/mongo/shared-ids.js';
import { readAhead, type ConsistencyWalk, type JudgedRows } from './consistency-walk.js';
import { CopiedRows, differingFields, isLater } from './copied-rows.js';
import type { Standing } from './copy-progress.js';
import { found, stillAmong, type Found } from './inconsistency.js';
import type { UserReads } from './user-reads.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';

/** Goes through MongoDB's users: whether each has a copy that is what the user is. */
export class UserWalk implements ConsistencyWalk {
  readonly name = 'users';
  readonly #copies: CopiedRows;
  readonly #users: UserReads;
  readonly #snapshots: Pick<UserSnapshots, 'after'>;
  readonly #mongo: MongoDatabase;

  constructor(parts: {
    postgres: PostgresDatabase;
    mongo: MongoDatabase;
    userReads: UserReads;
    snapshots: Pick<UserSnapshots, 'after'>;
  }) {
    this.#mongo = parts.mongo;
    this.#copies = new CopiedRows(parts.postgres);
    this.#users = parts.userReads;
    this.#snapshots = parts.snapshots;
  }

  async *stretches(after: string | null, size: number): AsyncGenerator<JudgedRows> {
    const read = async (behind: string | null) => {
      const snapshot = await this.#snapshot(behind, size);
      const isLast = snapshot === null || snapshot.documents < size;
      return { rows: snapshot === null ? [] : [snapshot], next: isLast ? null : encodedKey(snapshot.last) };
    };
    for await (const { rows, start, next } of readAhead(read, after)) {
      const [snapshot] = rows;
      if (snapshot === undefined) continue;
      yield { examined: snapshot.documents, found: await this.#judge(snapshot), start, next };
    }
  }

  /**
   * Keeps a stale copy that is neither what it should have been when it was found, nor what the user is now, and was not
   * made since; and an id that several documents share still.
   */
  async lasting(before: readonly Found[], standing: Standing): Promise<readonly Found[]> {
    const [shared, stale] = [before.filter(isShared), before.filter((one) => !isShared(one))];
    const ids = shared.map(({ id }) => id);
    const still = (await sharedIds(this.#mongo, users, ids, true)).map(sharing);
    return [...stillAmong(shared, still), ...(await this.#stillStale(stale, standing))];
  }

  async #stillStale(before: readonly Found[], { kind, isWhole }: Standing): Promise<readonly Found[]> {
    if (before.length === 0) return [];
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
  async #snapshot(behind: string | null, size: number): Promise<UserStretch | null> {
    try {
      return await this.#snapshots.after(behind === null ? undefined : decodedKey(behind), size);
    } catch (error) {
      if (isAppError(error, 'SYNC_UNAVAILABLE')) return null;
      throw error;
    }
  }

  async #judge(snapshot: UserStretch): Promise<readonly Found[]> {
    const expected = await this.#copies.expected(snapshot);
    const copies = await this.#copies.ofUsers([...expected.keys()]);
    const [shared, odd] = [
      await sharedIds(this.#mongo, users, snapshot.oddKeys),
      new Set(snapshot.oddKeys.map(encodedKey)),
    ];
    return [
      ...[...expected.values()].flatMap((row) => judged(row, copies.get(row.id), snapshot.at)),
      // Another stretch may come by the same id.
      ...shared.filter(({ firstOdd }) => odd.has(firstOdd)).map(sharing),
    ];
  }
}

function isShared({ reason }: Found): boolean {
  return reason === 'ID_SHARED';
}

function sharing({ id, types }: SharedId): Found {
  const problem = `${types.length} users have this id (_id of type ${types.join(' and ')}), of whom one is read and copied`;
  return found({ kind: 'conflictingCopies', reason: 'ID_SHARED', id, reference: null, problem });
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
