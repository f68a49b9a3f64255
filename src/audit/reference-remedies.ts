import { storedName } from '../join/source.js';
import { orders } from '../domains/order/order.source.js';
import { transactions } from '../domains/transaction/transaction.source.js';
import { wrappedPattern } from '../platform/wrapped-reference.js';
import type { Confirmed } from './consistency-scan.js';
import type { InconsistencyReason } from './inconsistency.js';

/** References to partners that are there, which have one cause. */
export interface ReferenceGroup {
  readonly reason: InconsistencyReason;
  /** The type of the key, as MongoDB calls it, or the field of the order; of a wrapping, `wrapped` or `mentioned`. */
  readonly what: string;
  /** Orders, or transactions. */
  readonly count: number;
  /** Partners that they name: at most as many as are told apart. */
  readonly partners: number;
}

/** Partners that are told apart in one group, some 10 MB of them. */
const MOST_PARTNERS = 100_000;

/** Counts references by their cause. Memory is bounded, whatever their number. */
export class ReferenceGroups {
  readonly #groups = new Map<string, { reason: InconsistencyReason; what: string; count: number; keys: Set<string> }>();

  add({ reason, meant }: Confirmed): void {
    if (meant === undefined) return;
    const what = meant.how === 'otherType' ? meant.type : meant.how;
    const group = this.#groups.get(`${reason} ${what}`) ?? { reason, what, count: 0, keys: new Set() };
    group.count += 1;
    if (group.keys.size < MOST_PARTNERS) group.keys.add(meant.key);
    this.#groups.set(`${reason} ${what}`, group);
  }

  all(): readonly ReferenceGroup[] {
    return [...this.#groups.values()].map(({ keys, ...group }) => ({ ...group, partners: keys.size }));
  }
}

/** The statements that take the wrapping off the references of these groups, each on one line. */
export function unwrappingStatements(
  groups: readonly ReferenceGroup[],
  collectionOf: (name: string) => string,
): readonly string[] {
  const isWrapped = (reason: InconsistencyReason) =>
    groups.some((group) => group.reason === reason && group.what === 'wrapped');
  return [
    ...(isWrapped('USER_WRAPPED') ? [unwrapUsersOfOrders()] : []),
    ...(isWrapped('ORDER_WRAPPED') ? [unwrapOrdersOf(collectionOf(transactions.from))] : []),
  ];
}

/** Changes nothing that is an id already, and nothing that holds more than an id and its wrapping. */
function unwrapUsersOfOrders(): string {
  const [table, column] = [`"${orders.from}"`, `"${storedName(orders, 'userId')}"`];
  const inside = `substring(${column}::text from '(?i)${wrappedPattern('objectId', 'posix')}')`;
  return (
    `UPDATE ${table} SET ${column} = lower("wrapped"."inside") FROM (SELECT "id", ${inside} AS "inside" FROM ${table} ` +
    `WHERE ${column} !~ '^[0-9A-Fa-f]{24}$') AS "wrapped" WHERE ${table}."id" = "wrapped"."id" AND "wrapped"."inside" IS NOT NULL;`
  );
}

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\z';

/** The lengths of the parts of a UUID. */
const PARTS = [8, 4, 4, 4, 12];

function unwrapOrdersOf(collection: string): string {
  const field = storedName(transactions, 'orderId');
  const pattern = wrappedPattern('uuid', 'pcre');
  const filter = {
    $expr: { $eq: [{ $type: `$${field}` }, 'string'] },
    [field]: { $regex: pattern, $options: 'i' },
    $nor: [{ [field]: { $regex: UUID, $options: 'i' } }],
  };
  const found = { $regexFind: { input: `$${field}`, regex: pattern, options: 'i' } };
  const inside = { $toLower: { $arrayElemAt: ['$$found.captures', 0] } };
  let at = 0;
  const parts = PARTS.map((length) => ({ $substrBytes: ['$$hex', (at += length) - length, length] }));
  const dashed = { $concat: parts.flatMap((part, index) => (index === 0 ? [part] : ['-', part])) };
  const hex = { $replaceAll: { input: inside, find: '-', replacement: '' } };
  const value = { $let: { vars: { found }, in: { $let: { vars: { hex }, in: dashed } } } };
  const update = [{ $set: { [field]: value } }];
  return `db.getCollection(${JSON.stringify(collection)}).updateMany(${JSON.stringify(filter)}, ${JSON.stringify(update)})`;
}
