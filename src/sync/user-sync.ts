import { setTimeout as rest } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isAppError } from '../errors/app-error.js';
import type { UserId } from '../domains/user/user.source.js';
import { copyTable, forgetCopyTable } from '../copies/copy-table.js';
import { conflicting } from '../copies/copy-statements.js';
import { copySnapshot } from '../copies/copy-snapshot.js';
import type { StateChange } from '../copies/sync-state.js';
import type { UserSnapshot, UserSnapshots } from '../copies/user-snapshot.repository.js';
import type { ChangeStream, Changes } from '../platform/mongo/change-stream.js';
import { encodedKey } from '../platform/mongo/encoded-key.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { standingOf } from '../platform/mongo/standing.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { Freshness } from './freshness.js';
import { Leadership, LeadershipLostError } from './leadership.js';
import { Setbacks, wordsOf } from './setbacks.js';
import { backfillBeginning, nextUnseen, nextUsers } from './user-backfill.js';
import { decoded, nextChanges, NoReplicaSetError, openUserStream, PositionLostError } from './user-stream.js';
import { TIMINGS } from '../platform/timings.js';

export interface UserSyncOptions {
  /** Of PostgreSQL. */
  readonly url: string;
  readonly postgres: PostgresDatabase;
  readonly mongo: MongoDatabase;
  readonly snapshots: UserSnapshots;
  /** Whether the copies on orders follow. */
  readonly follows: boolean;
  /** How the process calls itself, for people to see who leads. */
  readonly name: string;
  readonly logger: Logger;
}

/** Keeps the copy of users. Disposing of it lets another process do so. */
export type UserSync = AsyncDisposable;

/** Begins to keep the copy of users in PostgreSQL, as soon as no other process does. */
export function startUserSync(options: UserSyncOptions): UserSync {
  const stopping = new AbortController();
  const running = new UserCopier(options, stopping.signal).run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

/** MongoDB has told of changes that it does not give yet, or its members do not agree about which users are there. */
class StaleSnapshotError extends Error {}

const OLD = 'MongoDB has no snapshot as late as its changes';
const UNSURE =
  'the primary of MongoDB has users that most members of its replica set do not know, or documents of users may be hidden';

class UserCopier {
  readonly #options: UserSyncOptions;
  readonly #stopping: AbortSignal;
  readonly #setbacks: Setbacks;

  constructor(options: UserSyncOptions, stopping: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
    this.#setbacks = new Setbacks(options.logger, stopping);
  }

  async run(): Promise<void> {
    const { url, postgres, name } = this.#options;
    while (!this.#stopping.aborted) {
      try {
        await using leader = await Leadership.await({ url, schema: postgres.schema, name }, this.#stopping);
        if (leader !== null) await this.#lead(leader);
      } catch (error) {
        // That another one leads is no failure.
        const failure = error instanceof LeadershipLostError ? error.cause : error;
        if (failure !== undefined) {
          const isOften = !(error instanceof LeadershipLostError) || this.#setbacks.isLasting();
          if (isOften) this.#setbacks.tell('users cannot be copied to PostgreSQL; it is tried again', failure);
        }
        await this.#setbacks.pause();
      }
    }
  }

  /** For as long as it leads, whatever MongoDB does. @throws what PostgreSQL says */
  async #lead(leader: Leadership): Promise<void> {
    // Where the session went with what it could not write, this one is the first that can tell.
    if (this.#setbacks.current !== null) await writeProblem(leader, this.#setbacks.current);
    while (!this.#stopping.aborted) {
      try {
        await using stream = await openUserStream(leader, this.#options.mongo, this.#stopping);
        await this.#follow(leader, stream);
      } catch (error) {
        await this.#onFailure(leader, error);
      }
    }
  }

  /** @throws what ends the session, or may be mended by a new one */
  async #onFailure(leader: Leadership, error: unknown): Promise<void> {
    // What was waited for was given up.
    if (this.#stopping.aborted) return;
    if (error instanceof PositionLostError) await this.#beginAnew(leader, error);
    else if (isFromMongo(error)) {
      this.#setbacks.tell('the changes of users cannot be followed; it is tried again', error);
      await writeProblem(leader, wordsOf(error));
      await this.#setbacks.pause();
    } else {
      if (!(error instanceof LeadershipLostError)) await writeProblem(leader, wordsOf(error)).catch(() => undefined);
      throw error;
    }
  }

  async #beginAnew(leader: Leadership, { message, isExpected }: PositionLostError): Promise<void> {
    this.#options.logger[isExpected ? 'info' : 'warn'](`users are copied anew: ${message}`);
    await leader.write([], { token: null, lastChange: null, coveredTo: null, phase: null, after: null });
    await this.#setbacks.pauseAfterLoss();
  }

  async #follow(leader: Leadership, stream: ChangeStream): Promise<void> {
    const { mongo } = this.#options;
    const freshness = new Freshness(mongo);
    let [checkedAt, conflictsAt] = [Number.NEGATIVE_INFINITY, performance.now()];
    while (!this.#stopping.aborted) {
      const { phase } = leader.state;
      await freshness.ask();
      const given = await nextChanges(stream, phase === null ? TIMINGS.userSync.wait : 1);
      const gone = given.changes.find(({ kind }) => kind === 'gone');
      const change = changeTo(given, freshness.of(given.coveredTo), phase !== null);
      if (given.changes.length > 0) await this.#copyChanged(leader, given, change);
      else if (performance.now() - checkedAt > TIMINGS.userSync.checkpoint) await leader.write([], change);
      else if (phase === null) continue;
      checkedAt = performance.now();
      if (gone?.kind === 'gone' || stream.hasEnded) {
        throw new PositionLostError(`the collection has ended (${gone?.kind === 'gone' ? gone.how : 'invalidate'})`);
      }
      if (leader.state.phase !== null) await this.#backfill(leader);
      else if (leader.state.requestedAt !== null) await this.#beginBackfill(leader, given);
      else if (performance.now() - conflictsAt > TIMINGS.userSync.conflicts) {
        conflictsAt = performance.now();
        await this.#copyConflicting(leader);
      }
      this.#setbacks.passed(leader.state.phase === null);
      if (leader.state.problem !== null) await leader.write([], { problem: null, problemAt: null });
    }
  }

  /** What the changed users are now, which is later than all of the changes. */
  async #copyChanged(leader: Leadership, { changes }: Changes, change: StateChange): Promise<void> {
    const { snapshots } = this.#options;
    const last = changes.at(-1)?.at ?? '';
    let left: readonly unknown[] = changes.flatMap((one) => (one.kind === 'document' ? [one.key] : []));
    do {
      const snapshot = await this.#noOlder(last, () => snapshots.ofKeys(left));
      ({ left } = snapshot);
      await this.#copy(leader, snapshot, left.length === 0 ? change : {});
    } while (left.length > 0);
  }

  /**
   * Reads until it is as late as it has to be, and until nobody is missing in it whom the primary has: of them no
   * tombstone may be written. @throws {StaleSnapshotError} when that takes too long
   */
  async #noOlder<S extends UserSnapshot>(than: string, read: () => Promise<S>): Promise<S> {
    const until = performance.now() + TIMINGS.userSync.snapshot;
    for (;;) {
      const snapshot = await read();
      const isUnsure = snapshot.unsure.length > 0;
      if (snapshot.at >= than && !isUnsure) return snapshot;
      if (performance.now() > until) throw new StaleSnapshotError(isUnsure ? UNSURE : OLD);
      await rest(20);
    }
  }

  async #copy(leader: Leadership, snapshot: UserSnapshot, change: StateChange, isAgain = false): Promise<void> {
    const { postgres, follows, logger } = this.#options;
    await copySnapshot(snapshot, { postgres, follows, buries: true, isAgain, logger }, (statements, isLast) =>
      leader.write(statements, isLast ? change : {}),
    );
  }

  async #beginBackfill(leader: Leadership, { coveredTo }: Changes): Promise<void> {
    const { mongo } = this.#options;
    const from = (await standingOf(mongo)).committed ?? coveredTo;
    if (from !== null) await leader.write([], await backfillBeginning(mongo, from));
  }

  /** One stretch of the backfill that is under way. */
  async #backfill(leader: Leadership): Promise<void> {
    const { phase, after, backfillDone, backfillFrom } = leader.state;
    const { snapshots } = this.#options;
    const place = phase === 'users' && after !== null ? decoded(after) : undefined;
    let change: StateChange = {};
    const snapshot = await this.#noOlder(backfillFrom ?? '', async () => {
      const stretch = await (phase === 'users'
        ? nextUsers(snapshots, place, backfillDone)
        : nextUnseen(snapshots, leader));
      ({ change } = stretch);
      return stretch.snapshot;
    });
    await this.#copy(leader, snapshot, change);
  }

  /** What another row had may be free by now. */
  async #copyConflicting(leader: Leadership): Promise<void> {
    const { postgres, snapshots } = this.#options;
    forgetCopyTable(postgres);
    const table = await copyTable(postgres);
    if (!table.hasUniqueTexts) return;
    const ids = (await leader.query(conflicting(table))).map(({ id }) => String(id) as UserId);
    if (ids.length > 0) await this.#copy(leader, await snapshots.ofIds(ids), {}, true);
  }
}

function isFromMongo(error: unknown): boolean {
  if (error instanceof NoReplicaSetError || error instanceof StaleSnapshotError) return true;
  return isAppError(error, 'MONGO_UNAVAILABLE') || (error instanceof Error && error.name.startsWith('Mongo'));
}

function writeProblem(leader: Leadership, problem: string): Promise<void> {
  return leader.write([], { problem, problemAt: leader.state.problemAt ?? new Date() });
}

/** How far the stream is. While a backfill is under way, that says nothing of the copy. */
function changeTo({ token, lastChange, coveredTo }: Changes, freshAt: Date | null, isIncomplete: boolean): StateChange {
  const place = {
    token: encodedKey(token),
    ...(lastChange === undefined ? {} : { lastChange: encodedKey(lastChange) }),
  };
  if (isIncomplete) return place;
  return { ...place, ...(coveredTo === null ? {} : { coveredTo }), ...(freshAt === null ? {} : { freshAt }) };
}
