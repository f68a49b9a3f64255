import { isAppError } from '../errors/app-error.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { KEYS } from '../platform/postgres/own-tables.js';

/** What is asked for, and by whom: a key belongs to an actor. */
export interface Request {
  readonly actor: string;
  readonly key: string;
  /** SHA-256 of the input in canonical form. */
  readonly fingerprint: string;
}

/** What is known of a request that was made before. */
export interface SavedRequest {
  readonly fingerprint: string;
  readonly orderId: string | null;
  /** What the client was told; null while that is not known. */
  readonly outcome: unknown;
}

/** What was asked for under which key. */
export class IdempotencyRepository {
  readonly #postgres: PostgresDatabase;
  readonly #retention: number;

  /** @param retention how long an answer is kept, in hours */
  constructor(postgres: PostgresDatabase, retention: number) {
    this.#postgres = postgres;
    this.#retention = retention;
  }

  /** What is known of a request with this key; null where there is none, or it is older than answers are kept. */
  async find({ actor, key }: Request): Promise<SavedRequest | null> {
    const [row] = await this.#postgres.query(
      `SELECT "fingerprint", "orderId"::text AS "orderId", "outcome",
         "outcome" IS NOT NULL AND "createdAt" < clock_timestamp() - make_interval(hours => $3::int) AS "isExpired"
       FROM ${KEYS} WHERE "actor" = $1::text AND "key" = $2::text`,
      actor,
      key,
      this.#retention,
    );
    if (row === undefined) return null;
    if (row['isExpired'] !== true) return row as unknown as SavedRequest;
    await this.#forget(actor, key).catch((error: unknown) => {
      // Whether it is still there does not matter: it counts no more, and the next who needs the key forgets it.
      if (!isAppError(error, 'OUTCOME_UNKNOWN')) throw error;
    });
    return null;
  }

  /**
   * Keeps a refusal: nothing was written for this request, and nothing will be.
   *
   * @returns whether the key was free; else somebody else's answer holds
   */
  async refuse({ actor, key, fingerprint }: Request, outcome: object): Promise<boolean> {
    const sql = `
      INSERT INTO ${KEYS} ("actor", "key", "fingerprint", "outcome")
      VALUES ($1::text, $2::text, $3::text, $4::text::jsonb) ON CONFLICT DO NOTHING RETURNING 1`;
    const rows = await this.#postgres.write<unknown[]>('keeping a refusal', (prisma) =>
      prisma.$queryRawUnsafe(sql, actor, key, fingerprint, JSON.stringify(outcome)),
    );
    return rows.length > 0;
  }

  async #forget(actor: string, key: string): Promise<void> {
    await this.#postgres.write('removing an old key', (prisma) =>
      prisma.$executeRawUnsafe(
        `DELETE FROM ${KEYS} WHERE "actor" = $1::text AND "key" = $2::text AND "outcome" IS NOT NULL
           AND "createdAt" < clock_timestamp() - make_interval(hours => $3::int)`,
        actor,
        key,
        this.#retention,
      ),
    );
  }
}
