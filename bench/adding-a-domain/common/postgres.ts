import type { Pool } from 'pg';
import { encodeCursor, toConnection, toPageRequest } from './connection.js';
import type { Bound, Connection, ConnectionArgs, Edge, PageRequest } from './connection.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const COMPARISONS: Record<string, string> = { equals: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' };

type Found<Row> = Row & { $parent: string; $cursor: string[] };

/** Reads a table with an `id` of type uuid. Columns, named as in GraphQL, come with their PostgreSQL types. */
export class PostgresTable<Row extends object> {
  constructor(
    private readonly pool: Pool,
    private readonly name: string,
    private readonly columns: Record<keyof Row & string, string>,
  ) {}

  async findById(id: string): Promise<Row | null> {
    if (!UUID.test(id)) return null;
    const { rows } = await this.pool.query<Row & object>(`SELECT * FROM "${this.name}" WHERE "id" = $1`, [id]);
    return rows[0] ?? null;
  }

  async findConnection(args: ConnectionArgs): Promise<Connection<Row>> {
    const request = toPageRequest(args);
    const statement = new Statement(this.columns);
    const { rows } = await this.pool.query<Found<Row>>(this.select(statement, args, request), statement.values);
    return toConnection(args, request, rows.map(toEdge), async () => {
      const counting = new Statement(this.columns);
      const text = `SELECT count(*)::int AS count FROM "${this.name}" WHERE ${counting.where(args.where)}`;
      return (await this.pool.query<{ count: number }>(text, counting.values)).rows[0]!.count;
    });
  }

  /** The same page for each of many parents, in one statement; the counts of all of them, if wanted, in another. */
  async findConnections(
    parentKey: string,
    parents: readonly string[],
    args: ConnectionArgs,
  ): Promise<Connection<Row>[]> {
    const request = toPageRequest(args);
    const statement = new Statement(this.columns);
    const keys = statement.parameter(parents, 'text[]');
    const page = this.select(statement, args, request, `${parentKey} = parent."$parent"`);
    const text = `SELECT * FROM unnest(${keys}) AS parent("$parent") CROSS JOIN LATERAL (${page}) AS page`;
    const { rows } = await this.pool.query<Found<Row>>(text, statement.values);
    const byParent = new Map<string, Edge<Row>[]>(parents.map((parent) => [parent, []]));
    for (const row of rows) byParent.get(row.$parent)?.push(toEdge(row));
    let counts: Promise<Map<string, number>> | undefined;
    return parents.map((parent) =>
      toConnection(args, request, byParent.get(parent) ?? [], async () => {
        counts ??= this.count(parentKey, parents, args);
        return (await counts).get(parent) ?? 0;
      }),
    );
  }

  private async count(
    parentKey: string,
    parents: readonly string[],
    { where }: ConnectionArgs,
  ): Promise<Map<string, number>> {
    const statement = new Statement(this.columns);
    const condition = `${parentKey} = ANY(${statement.parameter(parents, 'text[]')}) AND ${statement.where(where)}`;
    const text = `SELECT ${parentKey} AS parent, count(*)::int AS count FROM "${this.name}" WHERE ${condition} GROUP BY 1`;
    const { rows } = await this.pool.query<{ parent: string; count: number }>(text, statement.values);
    return new Map(rows.map(({ parent, count }) => [parent, count]));
  }

  private select(statement: Statement, args: ConnectionArgs, request: PageRequest, ...conditions: string[]): string {
    const { order, bounds, size } = request;
    const where = [...conditions, statement.where(args.where), ...bounds.map((bound) => statement.beyond(bound))];
    // As text, since a Date of JavaScript has fewer digits than a timestamp.
    const cursor = order.map(([column]) => `"${column}"::text`);
    const orderBy = order.map(([column, direction]) => `"${column}" ${direction}`);
    return (
      `SELECT *, ARRAY[${cursor.join(', ')}] AS "$cursor" FROM "${this.name}" WHERE ${where.join(' AND ')} ` +
      `ORDER BY ${orderBy.join(', ')} LIMIT ${statement.parameter(size + 1, 'int')}`
    );
  }
}

/** The parameters of a statement, and the conditions that need them. */
class Statement {
  readonly values: unknown[] = [];

  constructor(private readonly columns: Record<string, string>) {}

  parameter(value: unknown, type: string): string {
    return `$${this.values.push(value)}::${type}`;
  }

  where(where: object | null | undefined): string {
    const conditions = present(where).map(([key, value]) => {
      if (key === 'AND') return join(value.map(this.where, this), 'AND', 'TRUE');
      if (key === 'OR') return join(value.map(this.where, this), 'OR', 'FALSE');
      if (key === 'NOT') return `NOT ${join(value.map(this.where, this), 'OR', 'FALSE')}`;
      return this.filter(key, value);
    });
    return join(conditions, 'AND', 'TRUE');
  }

  /** The rows behind a place: as a row comparison, which an index can serve, where all columns go one way. */
  beyond({ order, values }: Bound): string {
    const columns = order.map(([column]) => `"${column}"`);
    const parameters = order.map(([column], index) => this.parameter(values[index], this.columns[column]!));
    const signs = order.map(([, direction]) => (direction === 'asc' ? '>' : '<'));
    if (new Set(signs).size === 1) return `(${columns.join(', ')}) ${signs[0]} (${parameters.join(', ')})`;
    const steps = signs.map((sign, index) => {
      const equal = columns.slice(0, index).map((column, before) => `${column} = ${parameters[before]}`);
      return [...equal, `${columns[index]} ${sign} ${parameters[index]}`].join(' AND ');
    });
    return join(steps, 'OR', 'FALSE');
  }

  private filter(column: string, filter: object): string {
    const type = this.columns[column]!;
    const name = `"${column}"`;
    const conditions = present(filter).map(([operator, value]) => {
      if (operator === 'not') return `NOT ${this.filter(column, value)}`;
      const parameter = this.parameter(value, operator === 'in' || operator === 'notIn' ? `${type}[]` : type);
      switch (operator) {
        case 'in':
          return `${name} = ANY(${parameter})`;
        case 'notIn':
          return `${name} <> ALL(${parameter})`;
        case 'contains':
          return `strpos(${name}, ${parameter}) > 0`;
        case 'startsWith':
          return `starts_with(${name}, ${parameter})`;
        case 'endsWith':
          return `right(${name}, length(${parameter})) = ${parameter}`;
        default:
          return `${name} ${COMPARISONS[operator]} ${parameter}`;
      }
    });
    return join(conditions, 'AND', 'TRUE');
  }
}

function toEdge<Row extends object>(row: Found<Row>): Edge<Row> {
  return { node: row, cursor: encodeCursor(row.$cursor) };
}

function join(conditions: string[], by: 'AND' | 'OR', none: string): string {
  return conditions.length === 0 ? none : `(${conditions.join(` ${by} `)})`;
}

function present(object: object | null | undefined): [string, any][] {
  return Object.entries(object ?? {}).filter(([, value]) => value != null);
}
