import { orders } from '../../domains/order/order.source.js';
import { quoted } from '../../platform/postgres/columns.js';
import type { PostgresDatabase } from '../../platform/postgres/postgres.js';
import { COUNTED, type Destination, type RowCounts } from './destination.js';
import { orderOf, type SeededOrder } from './orders.js';
import type { Plan } from './plan.js';

const TABLE = quoted(orders.from);

/** The columns, each with the type that its text is read as. */
const COLUMNS: Readonly<Record<keyof SeededOrder, string>> = {
  id: 'uuid',
  userId: 'text',
  orderNumber: 'text',
  total: 'numeric',
  userName: 'text',
  userEmail: 'text',
  createdAt: 'timestamptz',
  updatedAt: 'timestamptz',
};
const NAMES = Object.keys(COLUMNS).map(quoted).join(', ');
const TYPED = Object.entries(COLUMNS).map(([name, type]) => `${quoted(name)} ${type}`);

function insertion({ copiesFollow }: Plan): string {
  const [column, value] = copiesFollow ? [', "copiedAt"', ', "createdAt"'] : ['', ''];
  return `
    INSERT INTO ${TABLE} (${NAMES}${column})
    SELECT ${NAMES}${value} FROM json_to_recordset($1::text::json) AS seeded (${TYPED.join(', ')})
    ON CONFLICT DO NOTHING`;
}

const PRESENT = `SELECT "id"::text AS "id" FROM ${TABLE} WHERE "id" BETWEEN $1::uuid AND $2::uuid`;
const COUNT = `
  SELECT
    (SELECT count(*)::int FROM ${TABLE} WHERE "id" BETWEEN $1::uuid AND $2::uuid) AS "own",
    (SELECT count(*)::int FROM
      (SELECT FROM ${TABLE} WHERE "id" NOT BETWEEN $1::uuid AND $2::uuid LIMIT $3::int) AS others) AS "others"`;

/** Somebody else's order has a number by chance, if at all; not so many times in a row. */
const NUMBER_ATTEMPTS = 5;

/** A seeding's orders in PostgreSQL. */
export class SeededOrders implements Destination {
  readonly name = orders.name;
  readonly #postgres: PostgresDatabase;
  readonly #plan: Plan;

  constructor(postgres: PostgresDatabase, plan: Plan) {
    this.#postgres = postgres;
    this.#plan = plan;
  }

  get planned(): number {
    return this.#plan.orders;
  }

  get removal(): string {
    const { first, last } = this.#plan.ids.orders;
    return `DELETE FROM ${TABLE} WHERE id BETWEEN '${first}' AND '${last}';`;
  }

  async count(upTo = COUNTED): Promise<RowCounts> {
    const { first, last } = this.#plan.ids.orders;
    const [row] = await this.#postgres.query(COUNT, first, last, upTo + 1);
    return { own: Number(row?.['own']), others: Number(row?.['others']) };
  }

  async write(from: number, to: number): Promise<void> {
    let missing = Array.from({ length: to - from }, (_, at) => from + at);
    for (let attempt = 0; attempt < NUMBER_ATTEMPTS; attempt += 1) {
      const rows = missing.map((index) => orderOf(this.#plan, index, attempt));
      if ((await this.#insert(rows)) === rows.length) return;
      missing = await this.#missing(missing);
      if (missing.length === 0) return;
    }
    throw new Error(`a unique index refuses ${missing.length} orders: others have what it takes once only`);
  }

  /** So that the planner knows the rows at once, not when autovacuum comes by. */
  async analyze(): Promise<void> {
    await this.#postgres.write('analyzing orders', (prisma) => prisma.$executeRawUnsafe(`ANALYZE ${TABLE}`));
  }

  /** How many of the rows were written: neither their id nor their number was there. */
  #insert(rows: readonly SeededOrder[]): Promise<number> {
    const text = JSON.stringify(rows);
    return this.#postgres.write('seeding orders', (prisma) => prisma.$executeRawUnsafe(insertion(this.#plan), text));
  }

  async #missing(indexes: readonly number[]): Promise<number[]> {
    const { of } = this.#plan.ids.orders;
    const rows = await this.#postgres.query(PRESENT, of(indexes[0] ?? 0), of(indexes.at(-1) ?? 0));
    const present = new Set(rows.map(({ id }) => id));
    return indexes.filter((index) => !present.has(of(index)));
  }
}
