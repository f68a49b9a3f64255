import { hostname } from 'node:os';
import { UserSnapshots } from '../copies/user-snapshot.repository.js';
import type { Platform } from '../platform/platform.js';
import { startUserSync, type UserSync } from '../sync/user-sync.js';

/** Of all processes that work on jobs, one copies users; another takes over when it ends. */
export function startUserSyncOn(platform: Platform, url: string): UserSync {
  const { postgres, mongo, logger, orderCopies } = platform;
  return startUserSync({
    url,
    postgres,
    mongo,
    snapshots: new UserSnapshots(mongo),
    follows: orderCopies === 'follow',
    name: `${hostname()} ${process.pid}`,
    logger,
  });
}
