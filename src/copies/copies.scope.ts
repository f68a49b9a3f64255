import type { Platform } from '../platform/platform.js';
import type { Access } from '../security/access.js';
import { Consistency } from './consistency.js';
import { SyncStateRepository } from './sync-state.repository.js';
import { UserCopyRepository } from './user-copy.repository.js';
import { UserSnapshots } from './user-snapshot.repository.js';
import { UserSyncService } from './user-sync.service.js';

/** What a request has of the copy of users. */
export interface CopiesScope {
  readonly consistency: Consistency;
  readonly userSync: UserSyncService;
}

/** The same, and what others build on. */
export interface Copies extends CopiesScope {
  readonly snapshots: UserSnapshots;
  readonly copies: UserCopyRepository;
}

/** @param brought the consistency token of the caller; null for none */
export function copiesOf(platform: Platform, access: Access, brought: string | null): Copies {
  const { postgres, mongo, mongoPrimary, orderCopies, logger } = platform;
  const syncState = new SyncStateRepository(postgres);
  const consistency = new Consistency({ syncState, seen: () => mongo.seen, brought });
  const snapshots = new UserSnapshots(mongo);
  const copies = new UserCopyRepository(postgres, { follows: orderCopies === 'follow', logger });
  const userSync = new UserSyncService({ snapshots, copies, syncState, mongoPrimary, consistency, access });
  return { snapshots, copies, consistency, userSync };
}
