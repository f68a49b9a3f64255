import type { Joins } from '../join/joins.js';
import type { List } from '../join/list.js';
import type { PageRequest } from '../join/page.js';
import { allFields, fieldOf, KEY, type Source } from '../join/source.js';
import { toConnection, type Connection } from './connection.js';
import { checkedId } from './arguments.js';
import type { ListArguments } from './list-args.js';
import { pageRequest } from './page-request.js';

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
 * A page of a list, with everything of each row.
 *
 * @throws {AppError} BAD_USER_INPUT for an argument that is not allowed; the code of a database that is away
 */
export async function readList<R extends object>(
  joins: Joins,
  list: List<R>,
  args: ListArguments = {},
): Promise<Connection<R>> {
  return readRequested(joins, list, pageRequest(list, joins, args, allFields(list.source)));
}

/** The same for arguments that are checked: one statement for all lists of a kind with the same request. */
export async function readRequested<R extends object>(
  joins: Joins,
  list: List<R>,
  request: PageRequest,
): Promise<Connection<R>> {
  const page = await joins.page(list, request);
  return toConnection(list.source, request, page, () => joins.count(list, request.where));
}
