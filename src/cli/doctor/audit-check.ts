import type { Audit } from '../../audit/audit.js';
import type { Count, Tally } from '../../audit/tally.js';
import { normalizeKey } from '../../join/key.js';
import { relationName, type Relation } from '../../join/relation.js';
import { fieldOf, KEY, storedName, type DatabaseName, type Source } from '../../join/source.js';
import { ok, warning, type Check, type Data } from './check.js';
import { counted, number, rounded, shown } from './words.js';

/** What tables, collections and databases are called, for what is told to people. */
export interface Named {
  readonly nameOf: (source: Source) => string;
  /** `MONGODB_URI (shop)`. */
  readonly databases: Readonly<Record<DatabaseName, string>>;
  /** Whether rows of a source may be hidden from the doctor. */
  readonly hides: (source: Source) => boolean;
}

type Lost = 'nobody' | 'malformed' | 'wrapped' | 'otherType';

/** What following a relation's references has shown: how many lead nowhere, five of them, and how to see them. */
export function describeAudit(audit: Audit, named: Named): Check {
  const { relation, tally } = audit;
  const id = `joins.${relationName(relation)}`;
  const data = dataOf(audit);
  const unjoined = tally.wrapped.count + tally.otherType.count;
  const lost = tally.nobody.count + tally.malformed.count + unjoined;
  if (lost === 0) return ok(id, `${relationName(relation)}: ${withoutLoss(audit)}`, data);
  // Where references lead to rows that are there, the two databases belong together.
  const isEveryone = tally.found.count === 0 && unjoined === 0;
  const told = isEveryone ? wrongDatabase(relation, named) : remedyFor(relation, tally, named);
  const isHidden = tally.nobody.count > 0 && named.hides(relation.to);
  const remedy = isHidden ? `${mayBeThere(relation.to)}; ${told}` : told;
  return { ...warning(id, `${relationName(relation)}: ${lossOf(audit)}`, remedy, data), details: examplesOf(audit) };
}

function mayBeThere({ name, database }: Source): string {
  return `rows of ${name} may be hidden (see ${database}.visibility), so those that are not found may be there`;
}

function withoutLoss(audit: Audit): string {
  const { relation, tally, examined, method } = audit;
  const { from, to, field } = relation;
  if (examined === 0)
    return method === 'exact' ? `${from.name} has no rows` : 'no row came into the sample; run it again';
  const found = tally.found.count === 0 ? `no row refers to ${to.name}` : `every ${field} leads to one of ${to.name}`;
  const without = tally.none.count === 0 ? '' : `; ${quantity(audit, tally.none)} ${has(tally.none)} no ${field}`;
  return `${found} (${extentOf(audit)})${without}`;
}

/** `312 of 98,000 orders point at nobody, 4 hold a malformed userId; here are five`. */
function lossOf(audit: Audit): string {
  const { tally, relation, size, method } = audit;
  const all = method === 'exact' ? number(size.rows) : `about ${number(rounded(size.rows, 3))}`;
  const parts = [
    [tally.nobody, 'point at nobody', 'points at nobody'] as const,
    [tally.malformed, `hold a malformed ${relation.field}`, `holds a malformed ${relation.field}`] as const,
    [
      tally.wrapped,
      `hold more in ${relation.field} than the id of a row that is there`,
      `holds more in ${relation.field} than the id of a row that is there`,
    ] as const,
    [tally.otherType, `mean ${keysOf(audit)}`, `means ${keysOf(audit)}`] as const,
    [tally.none, 'hold none', 'holds none'] as const,
  ]
    .filter(([{ count }]) => count > 0)
    .map(
      ([count, many, one], at) =>
        `${quantity(audit, count)}${at === 0 ? ` of ${all} ${relation.from.name}` : ''} ${count.count === 1 ? one : many}`,
    );
  const estimate = method === 'sample' ? ` (an estimate: ${extentOf(audit)})` : '';
  return `${parts.join(', ')}${estimate}; ${hereAre(tally)}`;
}

/** `312`, or `about 3,700`. */
function quantity(audit: Audit, { count }: Count): string {
  return audit.method === 'exact' ? number(count) : `about ${number(estimated(audit, count))}`;
}

function has({ count }: Count): string {
  return count === 1 ? 'has' : 'have';
}

function extentOf({ method, examined }: Audit): string {
  return method === 'exact' ? counted(examined, 'row') : `${counted(examined, 'row')} sampled`;
}

/** To two digits: a sample tells no more. */
function estimated({ size, examined }: Audit, count: number): number {
  return rounded((count / Math.max(examined, 1)) * size.rows, 2);
}

const WORDS = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** `a row of users whose _id is of type string, by which nothing is joined`. */
function keysOf({ relation: { to }, tally }: Audit): string {
  const types = [...tally.types.keys()].toSorted();
  const isByField = types.every((type) => Object.hasOwn(to.fields, type));
  const key = isByField
    ? `by its ${types.join(' or ')}`
    : `whose ${storedName(to, KEY)} is of type ${types.join(' or ')}`;
  return `a row of ${to.name} ${key}, by which nothing is joined`;
}

const LOST: readonly Lost[] = ['nobody', 'malformed', 'wrapped', 'otherType'];

function hereAre(tally: Tally): string {
  const count = examplesIn(tally).length;
  return `here ${count === 1 ? 'is' : 'are'} ${WORDS[count] ?? count}`;
}

function examplesOf({ relation, tally }: Audit): readonly string[] {
  const lines = (lost: Lost, what: string) =>
    tally[lost].examples.map(
      ({ id, reference }) =>
        `${typeof id === 'string' ? id : shown(id)}: ${relation.field} ${shown(reference)} ${what}`,
    );
  return [
    ...lines('nobody', `is nobody's id`),
    ...lines('malformed', 'is no id'),
    ...lines('wrapped', 'holds an id, and more'),
    ...lines('otherType', 'is a key of another type'),
  ];
}

function wrongDatabase({ from, to }: Relation, { databases }: Named): string {
  return (
    `nobody is found at all, so look whether these belong together: ${from.name} of ${databases[from.database]}, ` +
    `${to.name} of ${databases[to.database]}`
  );
}

function examplesIn(tally: Tally): Count['examples'] {
  return LOST.flatMap((lost) => tally[lost].examples);
}

/** Of references to rows that are there: nothing is to be deleted for them. */
function remedyFor(relation: Relation, tally: Tally, named: Named): string {
  const hints = [
    ...(tally.wrapped.count === 0 ? [] : ['"npm run audit" prints the statement that takes the wrapping off']),
    ...(tally.otherType.count === 0
      ? []
      : [`delete nothing for it: the graph joins ${relation.to.name} by ${keyKind(relation)} alone`]),
  ];
  return [...hints, inspect(relation, tally, named)].join('; ');
}

function keyKind({ to }: Relation): string {
  const { kind } = fieldOf(to, KEY);
  return kind === 'objectId' ? `an ${storedName(to, KEY)} that is an ObjectId` : storedName(to, KEY);
}

function inspect({ from, name }: Relation, tally: Tally, named: Named): string {
  const ids = examplesIn(tally).map(({ id }) => id);
  return `the graph says null for their ${name}, and serves them; to see these: ${statementFor(from, ids, named)}`;
}

function statementFor(source: Source, ids: readonly unknown[], { nameOf }: Named): string {
  const key = storedName(source, KEY);
  if (source.database === 'mongo') {
    const { kind } = fieldOf(source, KEY);
    const isObjectId = (id: unknown) => kind === 'objectId' && normalizeKey(kind, id) !== null;
    const values = ids.map((id) => (isObjectId(id) ? `ObjectId(${JSON.stringify(id)})` : JSON.stringify(id)));
    return `db.getCollection(${JSON.stringify(nameOf(source))}).find({ ${key}: { $in: [${values.join(', ')}] } })`;
  }
  const values = ids.map((id) => `'${String(id).replaceAll("'", "''")}'`);
  return `SELECT * FROM "${nameOf(source)}" WHERE "${key}" IN (${values.join(', ')})`;
}

function dataOf(audit: Audit): Data {
  const { relation, size, method, examined, tally } = audit;
  const countOf = (count: Count) => ({
    count: count.count,
    estimate: method === 'sample' ? estimated(audit, count.count) : null,
    examples: count.examples.map(({ id, reference }) => ({ id, reference: cut(reference) })),
  });
  return {
    relation: relationName(relation),
    from: relation.from.name,
    field: relation.field,
    to: relation.to.name,
    rows: size.rows,
    method,
    examined,
    found: tally.found.count,
    nobody: countOf(tally.nobody),
    malformed: countOf(tally.malformed),
    wrapped: countOf(tally.wrapped),
    otherType: { ...countOf(tally.otherType), types: Object.fromEntries(tally.types) },
    none: countOf(tally.none),
  };
}

/** A reference may be a whole document; what it is like shows at its beginning. */
const LONGEST = 200;

function cut(reference: unknown): unknown {
  return typeof reference === 'string' ? reference.slice(0, LONGEST) : reference;
}
