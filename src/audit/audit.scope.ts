import type { Copies } from '../copies/copies.scope.js';
import { SyncStateRepository } from '../copies/sync-state.repository.js';
import type { OrderingScope } from '../ordering/ordering.scope.js';
import type { Platform } from '../platform/platform.js';
import type { Access } from '../security/access.js';
import { ConsistencyService } from './consistency.service.js';
import { RepairLog } from './repair-log.repository.js';
import { RepairService } from './repair.service.js';
import { Repairing } from './repairing.repository.js';

/** What a request has for looking after the data. */
export interface AuditScope {
  readonly audit: ConsistencyService;
  readonly repair: RepairService;
}

export function auditOf(platform: Platform, parts: Copies & OrderingScope, access: Access): AuditScope {
  const syncState = new SyncStateRepository(platform.postgres);
  const audit = new ConsistencyService({ platform, snapshots: parts.snapshots, syncState, access });
  const repairing = new Repairing({ ...platform, ...parts });
  return {
    audit,
    repair: new RepairService({ ...parts, audit, repairing, access, log: new RepairLog(platform.postgres) }),
  };
}
