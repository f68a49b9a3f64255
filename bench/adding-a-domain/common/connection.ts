import { GraphQLError } from 'graphql';

export interface ConnectionArgs {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
  where?: object | null;
  orderBy?: object[] | null;
}

export interface Edge<Row> {
  cursor: string;
  node: Row;
}

export interface Connection<Row> {
  edges: Edge<Row>[];
  nodes: Row[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  /** A getter: counted only where it is selected. */
  readonly totalCount: Promise<number>;
}

export type Order = [field: string, direction: 'asc' | 'desc'][];

/** A place in a list, and which side of it is wanted, in the order given. */
export interface Bound {
  order: Order;
  values: string[];
}

/** What a database has to read for a page. One row more than `size` tells whether there are others. */
export interface PageRequest {
  size: number;
  order: Order;
  bounds: Bound[];
}

const DEFAULT_SIZE = 20;
const MAX_SIZE = 100;
const DEFAULT_ORDER: Order = [
  ['createdAt', 'desc'],
  ['id', 'desc'],
];

export function toPageRequest({ first, after, last, before, orderBy }: ConnectionArgs): PageRequest {
  const size = last ?? first ?? DEFAULT_SIZE;
  if (first != null && last != null) throw badInput('Pass first or last, not both.');
  if (size < 0) throw badInput('A page cannot have a negative size.');
  const order = completeOrder(orderBy ?? []);
  const reversed = reverse(order);
  return {
    size: Math.min(size, MAX_SIZE),
    order: last == null ? order : reversed,
    bounds: [
      ...(after == null ? [] : [{ order, values: decodeCursor(after, order) }]),
      ...(before == null ? [] : [{ order: reversed, values: decodeCursor(before, order) }]),
    ],
  };
}

/** `edges` as the database gave them: in the order of the request, with one more than its size if there is one. */
export function toConnection<Row>(
  args: ConnectionArgs,
  { size }: PageRequest,
  found: Edge<Row>[],
  count: () => Promise<number>,
): Connection<Row> {
  const backward = args.last != null;
  const edges = found.slice(0, size);
  if (backward) edges.reverse();
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: backward ? args.before != null : found.length > size,
      hasPreviousPage: backward ? found.length > size : args.after != null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    get totalCount() {
      return count();
    },
  };
}

export function encodeCursor(values: unknown[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function decodeCursor(cursor: string, order: Order): string[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(values) && values.length === order.length) return values.map(String);
  } catch {
    // Said below.
  }
  throw badInput('This is no cursor of this list.');
}

/** What was asked for, then the default: no two rows are alike in it, since it ends with the id. */
function completeOrder(orderBy: object[]): Order {
  const asked = orderBy.flatMap((fields) => Object.entries(fields) as Order).filter(([, direction]) => direction);
  const order = [...asked, ...DEFAULT_ORDER];
  return order.filter(([field], index) => order.findIndex(([other]) => other === field) === index);
}

function reverse(order: Order): Order {
  return order.map(([field, direction]) => [field, direction === 'asc' ? 'desc' : 'asc']);
}

function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
