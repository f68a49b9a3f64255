import type { UserCopy } from '../copies/user-copy.source.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { nextBehind, readAhead, type ConsistencyWalk, type JudgedRows } from './consistency-walk.js';
import { CopiedRows, isLater } from './copied-rows.js';
import type { Standing } from './copy-progress.js';
import { found, stillAmong, type Found } from './inconsistency.js';
import type { ReadUsers, UserReads } from './user-reads.js';
import { UNSETTLED } from './visibility.js';

/** Goes through the copies of users: whether the users are there, and what the copies themselves say is wrong with them. */
export class CopyWalk implements ConsistencyWalk {
  readonly name = 'copies';
  readonly #copies: CopiedRows;
  readonly #users: UserReads;

  constructor(parts: { postgres: PostgresDatabase; userReads: UserReads }) {
    this.#copies = new CopiedRows(parts.postgres);
    this.#users = parts.userReads;
  }

  async *stretches(after: string | null, size: number): AsyncGenerator<JudgedRows> {
    const read = async (behind: string | null) =>
      nextBehind(await this.#copies.after(behind, size), size, ({ id }) => id);
    for await (const { rows, start, next } of readAhead(read, after))
      yield { examined: rows.length, found: await this.#judge(rows), start, next };
  }

  async lasting(before: readonly Found[], { kind }: Standing): Promise<readonly Found[]> {
    const copies = await this.#copies.ofUsers([...new Set(before.map(({ id }) => id))]);
    const there = [...copies.values()].filter(({ deletedAt }) => deletedAt === null);
    const moments = new Map(before.map(({ id, moment }) => [id, moment]));
    return stillAmong(before, await this.#judge(there)).filter((one) => {
      const copy = copies.get(one.id);
      if (one.kind === 'conflictingCopies') return true;
      // It was copied since the stream has passed that moment: then the user was there.
      return copy !== undefined && !(kind === 'covered' && isLater(copy, moments.get(one.id) ?? null));
    });
  }

  async #judge(copies: readonly UserCopy[]): Promise<readonly Found[]> {
    const people = await this.#users.ofIds(copies.map(({ id }) => id));
    return copies.flatMap((copy) => [...notDeleted(copy, people), ...conflicting(copy)]);
  }
}

function notDeleted(copy: UserCopy, { at, byId, unsure }: ReadUsers): readonly Found[] {
  if (at === null || byId.has(copy.id) || isLater(copy, at)) return [];
  const problem = 'the user is not there, and the copy is not marked as deleted';
  const about = { kind: 'staleCopies', reason: 'NOT_DELETED', id: copy.id, reference: null } as const;
  return [{ ...about, problem, moment: at, expected: null, ...(unsure.has(copy.id) ? { doubt: UNSETTLED } : {}) }];
}

function conflicting({ id, emailConflict, syncProblem }: UserCopy): readonly Found[] {
  const about = { kind: 'conflictingCopies', id, reference: null } as const;
  if (emailConflict) {
    const problem = 'the copy goes without the e-mail address, which another row has';
    return [found({ ...about, reason: 'EMAIL_TAKEN', problem })];
  }
  return syncProblem === null ? [] : [found({ ...about, reason: 'NOT_STORABLE', problem: syncProblem })];
}
