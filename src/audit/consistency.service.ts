import type { SyncStateRepository } from '../copies/sync-state.repository.js';
import type { UserSnapshots } from '../copies/user-snapshot.repository.js';
import type { Platform } from '../platform/platform.js';
import type { Access } from '../security/access.js';
import { readBacklog, type Backlog } from './backlog.js';
import { findInconsistencies, UNLIMITED, type ConsistencyFindings } from './consistency.js';
import { ConsistencyReport, isSound } from './consistency-report.js';
import { ConsistencyScan, type ScanLimits } from './consistency-scan.js';
import { CopyProgress } from './copy-progress.js';
import { CopyWalk } from './copy-walk.js';
import { MeantPartners } from './meant-partners.js';
import { OrderWalk } from './order-walk.js';
import { TransactionWalk } from './transaction-walk.js';
import { UserReads } from './user-reads.js';
import { Visibility } from './visibility.js';
import { UserWalk } from './user-walk.js';
import { TIMINGS } from '../platform/timings.js';

/** Everything that is wrong between the two databases, and what is still to be done. */
export type ConsistencyAudit = ConsistencyFindings &
  Backlog & {
    /** Whether nothing was found, and no job waits for people. */
    readonly isSound: boolean;
  };

export interface ConsistencyParts {
  readonly platform: Platform;
  readonly snapshots: UserSnapshots;
  readonly syncState: SyncStateRepository;
  readonly access: Access;
}

export interface AuditOptions extends Partial<ScanLimits> {
  /** How many rows were looked at so far. */
  readonly onProgress?: (examined: number) => void;
}

/** Looks whether what the two databases say of each other is so. It reads only, beside the running system. */
export class ConsistencyService {
  readonly #parts: ConsistencyParts;

  constructor(parts: ConsistencyParts) {
    this.#parts = parts;
  }

  /**
   * Looks at every row, however long that takes.
   *
   * @throws {AppError} FORBIDDEN; POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE
   */
  async audit({ onProgress, ...limits }: AuditOptions = {}): Promise<ConsistencyAudit> {
    const findings = await findInconsistencies(this.scan(), { ...UNLIMITED, ...limits }, onProgress);
    const backlog = await this.#backlog();
    return { ...findings, ...backlog, isSound: isSound(findings, backlog) };
  }

  /** The same for a client, who does not wait for long. @throws {AppError} FORBIDDEN */
  report(): ConsistencyReport {
    return new ConsistencyReport(this.scan(TIMINGS.audit.clientPatience), () => this.#backlog());
  }

  /** What looks for inconsistencies. @throws {AppError} FORBIDDEN */
  scan(patience = TIMINGS.audit.patience): ConsistencyScan {
    const { platform, snapshots, syncState, access } = this.#parts;
    // Findings tell of people's data.
    access.refuseOperation('consistency');
    const { postgres, mongo, mongoPrimary, orderCopies } = platform;
    const partners = new MeantPartners({ postgres, mongo });
    const parts = {
      postgres,
      mongo,
      mongoPrimary,
      snapshots,
      partners,
      userReads: new UserReads({ snapshots, mongoPrimary }),
    };
    const walks = [
      new OrderWalk({ ...parts, follows: orderCopies === 'follow' }),
      new TransactionWalk(parts),
      new UserWalk(parts),
      new CopyWalk(parts),
    ];
    const progress = new CopyProgress(syncState, { pause: TIMINGS.audit.pause, patience });
    return new ConsistencyScan(walks, progress, new Visibility({ postgres, mongo }));
  }

  #backlog(): Promise<Backlog> {
    return readBacklog(this.#parts.platform.postgres, this.#parts.syncState);
  }
}
