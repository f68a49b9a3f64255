import { isAppError } from '../errors/app-error.js';
import { users, type UserId } from '../domains/user/user.source.js';
import type { SourceReader } from '../join/reader.js';
import { normalizeKey } from '../join/key.js';
import { KEY } from '../join/source.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import { COPIED } from '../copies/user-copy.source.js';
import type { CopiedUser, UserSnapshots } from '../copies/user-snapshot.repository.js';

/** Users as MongoDB has them. */
export interface ReadUsers {
  /** As of when; null of a server without a replica set, which cannot say, and whose users are not copied. */
  readonly at: ClusterTime | null;
  /** By their ids; whoever is not among them is not there. */
  readonly byId: ReadonlyMap<string, CopiedUser>;
  /** Those who are not among them and may be there all the same: the members of the replica set do not agree. */
  readonly unsure: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Reads users as of one moment, or, where MongoDB has no moments, as they are. */
export class UserReads {
  readonly #snapshots: Pick<UserSnapshots, 'ofIds'>;
  readonly #primary: Pick<SourceReader, 'findByKeys'>;

  constructor(parts: { snapshots: Pick<UserSnapshots, 'ofIds'>; mongoPrimary: Pick<SourceReader, 'findByKeys'> }) {
    this.#snapshots = parts.snapshots;
    this.#primary = parts.mongoPrimary;
  }

  /** @throws {AppError} MONGO_UNAVAILABLE */
  async ofIds(ids: readonly string[]): Promise<ReadUsers> {
    if (ids.length === 0) return { at: null, byId: new Map(), unsure: NOBODY };
    try {
      const { at, users: found, unsure } = await this.#snapshots.ofIds(ids as readonly UserId[]);
      return { at, byId: byId(found), unsure: new Set(unsure) };
    } catch (error) {
      if (!isAppError(error, 'SYNC_UNAVAILABLE')) throw error;
      return { at: null, byId: byId(await this.#now(ids)), unsure: NOBODY };
    }
  }

  #now(ids: readonly string[]): Promise<readonly CopiedUser[]> {
    const keys = ids.filter((id) => normalizeKey('objectId', id) !== null);
    return this.#primary.findByKeys(users, KEY, keys, new Set([KEY, ...COPIED]), null);
  }
}

function byId(found: readonly CopiedUser[]): ReadonlyMap<string, CopiedUser> {
  // Of two rows with one key the first counts.
  return new Map(found.toReversed().map((user) => [user.id, user]));
}
