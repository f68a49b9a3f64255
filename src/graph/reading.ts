import type { Joins } from '../join/joins.js';
import { toPage } from '../join/page.js';
import type { Relation } from '../join/relation.js';
import { fieldOf, KEY, type Source } from '../join/source.js';
import { toConnection, type Connection } from './connection.js';
import { checkedId } from './id-argument.js';
import type { ListArguments } from './list-args.js';
import { pageRequest } from './page-request.js';
import { allFields } from './selection.js';

/**
 * The row with this id, or null where there is none.
 *
 * @param fields what to read of it; everything when nobody says less
 * @throws {AppError} BAD_USER_INPUT for what can be no id of the source; the code of a database that is away
 */
export async function readOne<R extends object>(
  joins: Joins,
  source: Source<R>,
  id: string,
  fields: ReadonlySet<string> = allFields(source),
): Promise<R | null> {
  return joins.byKey(source, checkedId(fieldOf(source, KEY).kind, id, 'id'), fields);
}

/**
 * A page of a source's rows.
 *
 * @param fields what to read of each; null when only the count is wanted, everything when nobody says less
 * @throws {AppError} BAD_USER_INPUT for an argument that is not allowed; the code of a database that is away
 */
export async function readPage<R extends object>(
  joins: Joins,
  source: Source<R>,
  args: ListArguments = {},
  fields: ReadonlySet<string> | null = allFields(source),
): Promise<Connection<R>> {
  const request = pageRequest(source.name, joins, source, args, fields ?? NO_FIELDS);
  const page = fields === null ? toPage<R>([], request) : await joins.page(source, request);
  return toConnection(source, request, page, () => joins.count(source, request.where));
}

/**
 * A page of the rows that refer to a row: one statement for all rows that ask for the same page in the same tick.
 *
 * @throws {AppError} as {@link readPage} does
 */
export async function readMany<F extends object, T extends object>(
  joins: Joins,
  relation: Relation<F, T>,
  row: T,
  args: ListArguments = {},
  fields: ReadonlySet<string> | null = allFields(relation.from),
): Promise<Connection<F>> {
  const { from, to, inverse } = relation;
  const request = pageRequest(`${to.type}.${inverse.name}`, joins, from, args, fields ?? NO_FIELDS);
  const page = fields === null ? toPage<F>([], request) : await joins.many(relation, row, request);
  return toConnection(from, request, page, () => joins.countMany(relation, row, request.where));
}

const NO_FIELDS: ReadonlySet<string> = new Set();
