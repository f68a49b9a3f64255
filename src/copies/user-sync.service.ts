import { AppError, isAppError, isPassing } from '../errors/app-error.js';
import { idArgument } from '../graph/arguments.js';
import { users, type User, type UserId } from '../domains/user/user.source.js';
import { KEY } from '../join/source.js';
import type { SourceReader } from '../join/reader.js';
import { before, type ClusterTime } from '../platform/mongo/cluster-time.js';
import type { Access } from '../security/access.js';
import type { Consistency } from './consistency.js';
import { isCovered, type SyncState } from './sync-state.js';
import type { SyncStateRepository } from './sync-state.repository.js';
import { COPIED, type UserCopy } from './user-copy.source.js';
import type { UserCopyRepository } from './user-copy.repository.js';
import type { CopiedUser, UserSnapshot, UserSnapshots } from './user-snapshot.repository.js';
import { TIMINGS } from '../platform/timings.js';

/** A user as one of the databases has it, with how old that is. */
export interface SyncedUser extends CopiedUser {
  /** Where the values were read. */
  readonly source: 'POSTGRESQL' | 'MONGODB';
  /** When the copy was made; null where there is none. */
  readonly syncedAt: Date | null;
  /** By how many seconds the values may be behind MongoDB; null where nobody knows. */
  readonly lagSeconds: number | null;
}

/** What became of a call to copy a user. */
export type SyncUserOutcome =
  | { readonly kind: 'synced'; readonly user: SyncedUser }
  /** Nobody has the id in MongoDB; a copy that was there is marked as deleted. */
  | { readonly kind: 'userNotFound'; readonly userId: string };

/** Keeps single users in step, by demand: MongoDB is their home, PostgreSQL has copies. */
export class UserSyncService {
  readonly #snapshots: UserSnapshots;
  readonly #copies: UserCopyRepository;
  readonly #state: SyncStateRepository;
  readonly #primary: Pick<SourceReader, 'findByKeys'>;
  readonly #consistency: Consistency;
  readonly #access: Access;
  /** All who wait in a request wait for the same, and ask together. */
  #covered: Promise<SyncState | null> | null = null;

  constructor(parts: {
    access: Access;
    snapshots: UserSnapshots;
    copies: UserCopyRepository;
    syncState: SyncStateRepository;
    mongoPrimary: Pick<SourceReader, 'findByKeys'>;
    consistency: Consistency;
  }) {
    this.#snapshots = parts.snapshots;
    this.#copies = parts.copies;
    this.#state = parts.syncState;
    this.#primary = parts.mongoPrimary;
    this.#consistency = parts.consistency;
    this.#access = parts.access;
  }

  /**
   * Copies a user as it is now. A row of PostgreSQL's that belongs to nobody, and has the user's e-mail address, becomes
   * the copy; else there is one with the user's id.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; FORBIDDEN; MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN;
   * SYNC_UNAVAILABLE where MongoDB has no replica set
   */
  async syncUser(id: string): Promise<SyncUserOutcome> {
    const userId = idArgument(users, id, 'id');
    this.#access.refuseOperation('syncUser');
    const snapshot = await this.#snapshot(userId);
    if (snapshot.unsure.length > 0) throw unsettled();
    await this.#copies.write(snapshot);
    this.#consistency.note(before(snapshot.at));
    const [user] = snapshot.users;
    return user === undefined
      ? { kind: 'userNotFound', userId }
      : { kind: 'synced', user: fromMongo(user, new Date()) };
  }

  /**
   * A user from PostgreSQL, else from MongoDB, and then copied for the next time. Null where nobody is there. A copy that
   * is older than what the caller has to see is waited for, for a while, and then not taken.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; MONGO_UNAVAILABLE when MongoDB has to be asked
   */
  async getUser(id: string): Promise<SyncedUser | null> {
    const userId = idArgument(users, id, 'id');
    const known = await this.#copied(userId);
    if (known === 'deleted') return null;
    if (known !== null) return known;
    return this.#fromSource(userId);
  }

  async #copied(id: UserId): Promise<SyncedUser | 'deleted' | null> {
    try {
      const [copy, state] = await this.#late(id);
      if (copy === null) return null;
      if (copy.deletedAt !== null) return 'deleted';
      // What could not be copied is to be had from its source.
      if (copy.emailConflict || copy.syncProblem !== null) return null;
      return fromCopy(copy, state);
    } catch (error) {
      if (isPassing(error)) return null;
      throw error;
    }
  }

  /** The copy, where it is as late as the caller has to see it, and how the copies stand. */
  async #late(id: UserId): Promise<readonly [UserCopy | null, SyncState | null]> {
    const { after } = this.#consistency;
    // In this order: what is covered by then is in the copy that is read after it.
    const state = await this.#state.read();
    const copy = await this.#copies.find(id);
    if (after === null || (copy?.sourceVersion ?? '') >= after) return [copy, state];
    if (coverage(state, after) === true) return [copy, state];
    const covered = await (this.#covered ??= this.#untilCovered(after));
    return covered === null ? [null, state] : [await this.#copies.find(id), covered];
  }

  /** How the copies stand once all up to a moment is in them; null where that takes too long, or nobody keeps them. */
  async #untilCovered(after: ClusterTime): Promise<SyncState | null> {
    let state: SyncState | null = null;
    const isCoveredNow = await this.#consistency.wait(async () => {
      state = await this.#state.read();
      return coverage(state, after);
    });
    return isCoveredNow ? state : null;
  }

  async #fromSource(id: UserId): Promise<SyncedUser | null> {
    const snapshot = await this.#snapshot(id).catch((error: unknown) => {
      if (isAppError(error, 'SYNC_UNAVAILABLE')) return null;
      throw error;
    });
    const { after } = this.#consistency;
    // A snapshot has what the majority knows: a write that did not wait for it may be missing.
    if (snapshot === null || snapshot.unsure.length > 0 || (after !== null && snapshot.at < after)) {
      const [user] = await this.#primary.findByKeys(users, KEY, [id], new Set([KEY, ...COPIED]), null);
      return user === undefined ? null : fromMongo(user, null);
    }
    const [user] = snapshot.users;
    const isCopied = await this.#copies.write(snapshot).then(
      () => true,
      (error: unknown) => {
        // The next one who asks will copy it.
        if (error instanceof AppError) return false;
        throw error;
      },
    );
    return user === undefined ? null : fromMongo(user, isCopied ? new Date() : null);
  }

  async #snapshot(id: UserId): Promise<UserSnapshot> {
    return this.#snapshots.ofIds([id]);
  }
}

/** Of a user whom the primary has: it can be copied once its replica set has settled whether it stays. */
function unsettled(): AppError {
  const message = 'most members of MongoDB do not know this user yet, or may not show it; try again later';
  return new AppError('MONGO_UNAVAILABLE', message);
}

/** Whether all up to a moment is in the copies; null where nobody keeps them, and it will not be. */
function coverage(state: SyncState | null, moment: ClusterTime): boolean | null {
  return isKept(state) ? isCovered(state, moment) : null;
}

function isKept(state: SyncState | null): state is SyncState {
  if (state?.problem !== null) return false;
  const heardAt = Math.max(state.freshAt?.getTime() ?? 0, state.backfilledAt?.getTime() ?? 0);
  return Date.now() - heardAt < TIMINGS.copies.silence;
}

function fromMongo({ id, username, email, locCode, power }: CopiedUser | User, syncedAt: Date | null): SyncedUser {
  return { id, username, email, locCode, power, source: 'MONGODB', syncedAt, lagSeconds: 0 };
}

function fromCopy(copy: UserCopy, state: SyncState | null): SyncedUser {
  const { id, username, email, locCode, power, syncedAt } = copy;
  const freshAt = Math.max(syncedAt?.getTime() ?? 0, state?.freshAt?.getTime() ?? 0);
  const lagSeconds = freshAt === 0 ? null : Math.max(0, Date.now() - freshAt) / 1_000;
  return { id, username, email, locCode, power, source: 'POSTGRESQL', syncedAt, lagSeconds };
}
