import { presentedId } from '../join/key.js';
import { fieldOf, KEY, type Field, type FieldKind, type Source } from '../join/source.js';
import { DECIMAL, type Row, type Value } from './matching.js';

/** A row of which a test says what matters to it. Ids may be plain strings. */
export type FakeRow<R extends object> = { readonly [N in keyof R]?: Plain<R[N]> };

/** A branded string is a plain one here: nobody wants to brand the ids of a test. */
type Plain<V> = V extends { readonly __brand: unknown } ? string : V;

/** Rows of one source, complete. */
export interface FakeTable {
  readonly source: Source;
  readonly rows: readonly Row[];
}

/**
 * Rows of a source, typed by it. What a row leaves out is made up: null where the source allows it; else something
 * sound, the same in each run: ids that differ, references to nobody, times a second apart, so that the last row is the
 * newest.
 *
 * @throws {TypeError} for a field that the source lacks, and for a value that is none of its field's kind
 */
export function rows<R extends object>(source: Source<R>, given: readonly FakeRow<NoInfer<R>>[]): FakeTable {
  return { source, rows: given.map((row, at) => completed(source, row as Row, at + 1)) };
}

function completed(source: Source, given: Row, nth: number): Row {
  const fields: Row = { ...madeUp(source, nth), ...given };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, checked(source, name, value)]));
}

function madeUp(source: Source, nth: number): Row {
  const values = Object.entries(source.fields).map(([name, field]) => [name, valueFor(name, field, nth)] as const);
  return Object.fromEntries(values);
}

/** References are to nobody: no id is made of zeros. */
function valueFor(name: string, { kind, nullable }: Field, nth: number): Value {
  if (nullable) return null;
  const number = name === KEY ? nth : 0;
  switch (kind) {
    case 'uuid':
      return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
    case 'objectId':
      return number.toString(16).padStart(24, '0');
    case 'text':
      return `${name} ${nth}`;
    case 'int':
    case 'float':
      return number;
    case 'decimal':
      return '0.00';
    case 'boolean':
      return false;
    case 'dateTime':
      return new Date(Date.UTC(2024, 0, 1) + nth * 1_000);
  }
}

/** A value as a reader would give it. */
function checked(source: Source, name: string, value: Value): Value {
  const { kind, nullable } = fieldOf(source, name);
  if (value === null && nullable) return null;
  const [fits, what] = KINDS[kind];
  if (fits(value)) return kind === 'uuid' || kind === 'objectId' ? presentedId(kind, value) : value;
  throw new TypeError(
    `rows of ${source.name}: "${name}" takes ${what}${nullable ? ' or null' : ''}, got ${shown(value)}`,
  );
}

const isString = (value: unknown) => typeof value === 'string';

const KINDS: Readonly<Record<FieldKind, readonly [fits: (value: unknown) => boolean, what: string]>> = {
  uuid: [isString, 'a string'],
  objectId: [isString, 'a string'],
  text: [isString, 'a string'],
  int: [Number.isInteger, 'a whole number'],
  float: [Number.isFinite, 'a number'],
  decimal: [(value) => typeof value === 'string' && DECIMAL.test(value), 'a decimal as a string, "12.50"'],
  boolean: [(value) => typeof value === 'boolean', 'true or false'],
  dateTime: [(value) => value instanceof Date && !Number.isNaN(value.getTime()), 'a Date'],
};

function shown(value: Value): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
