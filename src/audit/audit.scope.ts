import type { Copies } from '../copies/copies.scope.js';
import { SyncStateRepository } from '../copies/sync-state.repository.js';
import type { OrderingScope } from '../ordering/ordering.scope.js';
import type { Platform } from '../platform/platform.js';
import { ConsistencyService } from './consistency.service.js';
import { RepairLog } from './repair-log.repository.js';
import { RepairService } from './repair.service.js';
import { Repairing } from './repairing.repository.js';

/** What a request has for looking after the data. */
export interface AuditScope {
  readonly audit: ConsistencyService;
  readonly repair: RepairService;
}

/** Who asks for that. */
export interface AuditCaller {
  /** Whether it is in production, where nobody is identified yet: nobody may look after the data there. */
  readonly production?: boolean;
}

export function auditOf(
  platform: Platform,
  parts: Copies & OrderingScope,
  { production = false }: AuditCaller,
): AuditScope {
  const syncState = new SyncStateRepository(platform.postgres);
  const audit = new ConsistencyService({ platform, snapshots: parts.snapshots, syncState, production });
  const repairing = new Repairing({ ...platform, ...parts });
  return { audit, repair: new RepairService({ ...parts, audit, repairing, log: new RepairLog(platform.postgres) }) };
}
