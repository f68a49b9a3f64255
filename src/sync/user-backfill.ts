import { users, type UserId } from '../domains/user/user.source.js';
import type { StateChange } from '../copies/sync-state.js';
import type { UserSnapshot, UserSnapshots } from '../copies/user-snapshot.repository.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import { encodedKey } from '../platform/mongo/encoded-key.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { estimatedCount } from '../platform/mongo/standing.js';
import type { Leadership } from './leadership.js';

/** Users that are copied at once. */
const STRETCH = 1_000;

/** What a backfill begins with. @param from what is copied is no older than this */
export async function backfillBeginning(mongo: MongoDatabase, from: ClusterTime): Promise<StateChange> {
  return {
    phase: 'users',
    after: null,
    backfillFrom: from,
    backfillDone: 0,
    backfillTotal: await estimatedCount(mongo, mongo.nameOf(users.from)),
    backfillStartedAt: new Date(),
    requestedAt: null,
  };
}

/** A stretch of a backfill: what is to be copied, and what has come of the backfill then. */
export interface Stretch {
  readonly snapshot: UserSnapshot;
  readonly change: StateChange;
}

/**
 * Reads the next stretch of the users that a backfill is at.
 *
 * @param after the key, as it is stored, of the last user that is done; undefined for the first
 * @param done how many are done
 */
export async function nextUsers(snapshots: UserSnapshots, after: unknown, done: number): Promise<Stretch> {
  const snapshot = await snapshots.after(after, STRETCH);
  const isLast = snapshot.last === undefined;
  const change = {
    phase: isLast ? 'deletions' : 'users',
    after: isLast ? null : encodedKey(snapshot.last),
    backfillDone: done + snapshot.users.length,
  } as const;
  return { snapshot, change };
}

/** The same of copies that it has not come by: those of users who were deleted while nobody looked, mostly. */
export async function nextUnseen(snapshots: UserSnapshots, leader: Leadership): Promise<Stretch> {
  const { after, backfillFrom } = leader.state;
  const rows = await leader.query(UNSEEN, after ?? '', backfillFrom);
  const ids = rows.map(({ id }) => String(id) as UserId);
  const end = { phase: null, after: null, backfilledAt: new Date() };
  const change = ids.length < STRETCH ? end : { after: ids.at(-1) ?? null };
  return { snapshot: await snapshots.ofIds(ids), change };
}

const UNSEEN = `
  SELECT "mongoId" AS "id" FROM "users"
  WHERE "mongoId" COLLATE "C" > $1::text AND "deletedAt" IS NULL
    AND ("sourceVersion" IS NULL OR "sourceVersion" < $2::text)
  ORDER BY "mongoId" COLLATE "C" LIMIT ${STRETCH}`;
