import type { Copies } from '../copies/copies.scope.js';
import { SyncStateRepository } from '../copies/sync-state.repository.js';
import { KeptRows } from '../ordering/kept-rows.js';
import type { OrderingScope } from '../ordering/ordering.scope.js';
import { TransactionRepository } from '../ordering/transaction.repository.js';
import type { Platform } from '../platform/platform.js';
import type { Access } from '../security/access.js';
import { ConsistencyService } from './consistency.service.js';
import { KeptCopies } from './kept-copies.js';
import { MeantPartners } from './meant-partners.js';
import { RepairLog } from './repair-log.repository.js';
import { RepairRuns } from './repair-runs.repository.js';
import { RepairService } from './repair.service.js';
import { Repairing } from './repairing.repository.js';
import { UndoService } from './undo.service.js';
import { UndoingCopies } from './undoing-copies.repository.js';
import { UndoingDocuments } from './undoing-documents.repository.js';
import { UndoingOrders } from './undoing-orders.repository.js';

/** What a request has for looking after the data. */
export interface AuditScope {
  readonly audit: ConsistencyService;
  readonly repair: RepairService;
  readonly undo: UndoService;
}

/** What it is made of. */
export interface AuditParts {
  readonly copies: Copies;
  readonly written: OrderingScope;
  readonly access: Access;
}

export function auditOf(
  platform: Platform,
  { copies: { snapshots, copies }, written, access }: AuditParts,
): AuditScope {
  const { postgres, mongo, mongoPrimary } = platform;
  const { ordering, userFollowing } = written;
  const keptRows = new KeptRows(postgres);
  const audit = new ConsistencyService({ platform, snapshots, syncState: new SyncStateRepository(postgres), access });
  const repairing = new Repairing({
    ...{ postgres, mongo, mongoPrimary, snapshots, copies, keptRows },
    keptCopies: new KeptCopies(postgres),
  });
  const partners = new MeantPartners({ postgres, mongo });
  const log = new RepairLog(postgres, access.actor.name);
  const undoing = {
    orders: new UndoingOrders(postgres, new TransactionRepository(mongo)),
    documents: new UndoingDocuments(postgres, mongo),
    copies: new UndoingCopies(postgres),
  };
  return {
    audit,
    repair: new RepairService({ ordering, userFollowing, repairing, partners, audit, access, log }),
    undo: new UndoService({ runs: new RepairRuns(postgres), undoing, access, log }),
  };
}
