import { randomUUID } from 'node:crypto';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { InconsistencyKind } from './inconsistency.js';
import type { RepairPolicy } from './repair-policies.js';

/** What is about to be done. */
export interface BegunRepair {
  readonly runId: string;
  readonly kind: InconsistencyKind;
  /** The id of what it is done to. */
  readonly subject: string;
  readonly policy: RepairPolicy;
  /** What is there before; of persons only ids, for they may have to be forgotten. */
  readonly before: object | null;
}

/**
 * What was done to people's data, and what was there before. An entry is written before the act, and completed behind it:
 * one without an `after` was begun by a process that died.
 */
export class RepairLog {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** @returns the entry's id @throws {AppError} POSTGRES_UNAVAILABLE, READ_ONLY; OUTCOME_UNKNOWN */
  async begin({ runId, kind, subject, policy, before }: BegunRepair): Promise<string> {
    const id = randomUUID();
    await this.#postgres.write('noting a repair', (prisma) =>
      prisma.$executeRawUnsafe(
        `INSERT INTO "tandem_repairs" ("id", "runId", "kind", "subject", "policy", "before")
         VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text::jsonb)`,
        ...[id, runId, kind, subject, policy, before === null ? null : JSON.stringify(before)],
      ),
    );
    return id;
  }

  /** @throws {AppError} as {@link begin} does */
  async end(id: string, after: object): Promise<void> {
    await this.#postgres.write('noting a repair', (prisma) =>
      prisma.$executeRawUnsafe(
        'UPDATE "tandem_repairs" SET "after" = $2::text::jsonb WHERE "id" = $1::uuid',
        id,
        JSON.stringify(after),
      ),
    );
  }
}
