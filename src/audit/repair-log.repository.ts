import { randomUUID } from 'node:crypto';
import { REPAIRS } from '../platform/postgres/own-tables.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { InconsistencyKind } from './inconsistency.js';
import type { UNDO } from './logged-run.js';
import type { RepairPolicy } from './repair-policies.js';

/** What is about to be done. */
export interface BegunRepair {
  readonly runId: string;
  readonly kind: InconsistencyKind;
  /** The id of what it is done to. */
  readonly subject: string;
  readonly policy: RepairPolicy | typeof UNDO;
  /** Ids, amounts and versions, for people to read. The whole rows are in `tandem_kept_rows`. */
  readonly before: object | null;
}

/**
 * What was done to people's data. An entry is written before the act, and completed behind it: one without an `after` was
 * begun by a process that died.
 */
export class RepairLog {
  readonly #postgres: PostgresDatabase;
  readonly #actor: string;

  /** @param actor who asks for the repairs */
  constructor(postgres: PostgresDatabase, actor: string) {
    this.#postgres = postgres;
    this.#actor = actor;
  }

  /** @returns the entry's id @throws {AppError} POSTGRES_UNAVAILABLE, READ_ONLY; OUTCOME_UNKNOWN */
  async begin({ runId, kind, subject, policy, before }: BegunRepair): Promise<string> {
    const id = randomUUID();
    await this.#postgres.write('noting a repair', (prisma) =>
      prisma.$executeRawUnsafe(
        `INSERT INTO ${REPAIRS} ("id", "runId", "kind", "subject", "policy", "before", "actor", "keepsRows")
         VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text::jsonb, $7::text, true)`,
        ...[id, runId, kind, subject, policy, before === null ? null : JSON.stringify(before), this.#actor],
      ),
    );
    return id;
  }

  /** @throws {AppError} as {@link begin} does */
  async end(id: string, after: object): Promise<void> {
    await this.#postgres.write('noting a repair', (prisma) =>
      prisma.$executeRawUnsafe(
        `UPDATE ${REPAIRS} SET "after" = $2::text::jsonb WHERE "id" = $1::uuid`,
        id,
        JSON.stringify(after),
      ),
    );
  }
}
