import { transactions } from '../domains/transaction/transaction.source.js';
import { users } from '../domains/user/user.source.js';
import { AppError } from '../errors/app-error.js';
import { LOOKED_UP_COPIES, LOOKED_UP_ORDERS } from '../ordering/looked-up-tables.js';
import type { Finding } from '../platform/finding.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { hiddenDocuments, isReadRefused as isRefusedByMongo } from '../platform/mongo/visible-documents.js';
import { isReadRefused as isRefusedByPostgres } from '../platform/postgres/postgres-errors.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { hiddenRows } from '../platform/postgres/visible-rows.js';
import type { Found, InconsistencyReason } from './inconsistency.js';

/** Where an audit looks for partners. `copies` are PostgreSQL's users, `users` are MongoDB's. */
export type LookedThrough = 'orders' | 'copies' | 'users' | 'transactions';

/** Why rows may be there and not be seen, for each place; nothing where all are seen. */
export type Hidden = Readonly<Record<LookedThrough, readonly Finding[]>>;

/** The place in which nothing was found, for each reason that says so. The other reasons rest on rows that were read. */
const MISSING_IN: Readonly<Partial<Record<InconsistencyReason, LookedThrough>>> = {
  NOBODY: 'users',
  DELETED: 'users',
  NOT_DELETED: 'users',
  NO_ORDER: 'orders',
  MISSING: 'copies',
};

/** A user is missing in what most members of the replica set know, and the primary has it. */
export const UNSETTLED: Finding = {
  severity: 'warning',
  about: 'users',
  problem: 'the primary of MongoDB has users that most members of its replica set do not know yet',
  remedy: 'bring the members of the replica set back (rs.status() in mongosh tells which), then run this again',
};

/** Finds out whether what an audit does not see is absent, or may be hidden from it. */
export class Visibility {
  readonly #postgres: PostgresDatabase;
  readonly #mongo: MongoDatabase;

  constructor({ postgres, mongo }: { readonly postgres: PostgresDatabase; readonly mongo: MongoDatabase }) {
    this.#postgres = postgres;
    this.#mongo = mongo;
  }

  /** Looks now: a policy may be enabled at any time. @throws {AppError} POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE */
  async look(): Promise<Hidden> {
    const [rows, documents] = await Promise.all([
      hiddenRows(this.#postgres, [LOOKED_UP_ORDERS, LOOKED_UP_COPIES]),
      hiddenDocuments(this.#mongo, [users.from, transactions.from]),
    ]);
    const of = (findings: readonly Finding[], table: string) => findings.filter(({ about }) => about === table);
    return {
      orders: of(rows, LOOKED_UP_ORDERS.table),
      copies: of(rows, LOOKED_UP_COPIES.table),
      users: of(documents, this.#mongo.nameOf(users.from)),
      transactions: of(documents, this.#mongo.nameOf(transactions.from)),
    };
  }

  /**
   * Says why reading failed, where that is because of what the gateway may see: then the rest can be audited all the same.
   *
   * @throws {unknown} the error, where it has another cause
   */
  async explain(error: unknown, about: string): Promise<readonly Finding[]> {
    if (error instanceof AppError) throw error;
    const hidden = reasonsOf(await this.look());
    if (hidden.length > 0) return hidden;
    if (isRefusedByPostgres(error) || isRefusedByMongo(error)) return [unreadable(about)];
    throw error;
  }
}

/** All reasons, each once. */
export function reasonsOf(hidden: Hidden): readonly Finding[] {
  return distinct(Object.values(hidden).flat());
}

/** Findings without those that say the same. */
export function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [finding.problem, finding])).values()];
}

/** A finding with the reason why it is not proved, where there is one. */
export function doubted<F extends Found>(found: F, hidden: Hidden): F {
  const place = MISSING_IN[found.reason];
  const [doubt = found.doubt] = place === undefined ? [] : hidden[place];
  return doubt === undefined ? found : { ...found, doubt };
}

function unreadable(about: string): Finding {
  return {
    severity: 'warning',
    about,
    problem: `the gateway may not read all that the audit of ${about} needs`,
    remedy: 'npx tandem doctor says which rights are missing',
  };
}
