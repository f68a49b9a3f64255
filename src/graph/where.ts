import { badUserInput, hidden } from '../errors/app-error.js';
import { isStorable } from '../join/key.js';
import { fieldOf, type FieldKind, type Source } from '../join/source.js';
import { SEES_ALL, type Sight } from '../join/sight.js';
import { all, any, condition, not, type Comparison, type Filter, type Scalar } from '../join/filter.js';
import { checkedId, quote, timeArgument } from './arguments.js';
import type { Where } from './where-input.js';

/** Deeper or larger than anything that a person or a form builds; each condition is a part of the statement. */
const MAX_DEPTH = 20;
const MAX_CONDITIONS = 500;
/** Values of all `in` and `notIn` together. */
const MAX_VALUES = 10_000;

/**
 * A `where` argument as the filter that it means.
 *
 * @returns null where it asks for nothing
 * @throws {AppError} BAD_USER_INPUT, naming the place (`where.total.gte`), for a value that is none of the field's kind;
 * FORBIDDEN for a field that the asker may not read
 */
export function filterOf(source: Source, where: Where | null | undefined, sight = SEES_ALL): Filter | null {
  if (where === null || where === undefined) return null;
  const filter = new WhereReader(source, sight).filter(where, 'where', 0);
  return filter.kind === 'all' && filter.of.length === 0 ? null : filter;
}

type Operator = Comparison['operator'];

class WhereReader {
  readonly #source: Source;
  readonly #sight: Sight;
  #conditions = 0;
  #values = 0;

  constructor(source: Source, sight: Sight) {
    this.#source = source;
    this.#sight = sight;
  }

  filter(where: Where, path: string, depth: number): Filter {
    if (depth > MAX_DEPTH) throw badUserInput(path, `where takes ${MAX_DEPTH} levels of AND, OR and NOT at most`);
    return all(given(where).map(([name, value]) => this.#part(name, value, `${path}.${name}`, depth)));
  }

  #part(name: string, value: unknown, path: string, depth: number): Filter {
    const parts = () => (value as readonly Where[]).map((one) => this.filter(one, path, depth + 1));
    if (value === null) throw nullRefused(path);
    switch (name) {
      case 'AND':
        return all(parts());
      case 'OR':
        return any(parts());
      case 'NOT':
        return not(any(parts()));
      default:
        return this.#field(name, value as Where, path, depth);
    }
  }

  /** @param outer whether the filter that this one negates is insensitive: it holds here too, unless this one says so */
  #field(name: string, { mode, ...operators }: Where, path: string, depth: number, outer = false): Filter {
    if (depth > MAX_DEPTH) throw badUserInput(path, `where takes ${MAX_DEPTH} levels of not at most`);
    if (!this.#sight.reads(this.#source, name)) throw hidden(this.#source, name, path, 'filter');
    const isInsensitive = mode === undefined || mode === null ? outer : mode === 'insensitive';
    const conditions = given(operators).map(([operator, value]) => {
      const at = `${path}.${operator}`;
      if (operator === 'not' && value !== null)
        return not(this.#field(name, value as Where, at, depth + 1, isInsensitive));
      return this.#condition(name, operator, value, at, isInsensitive);
    });
    return all(conditions);
  }

  #condition(name: string, operator: string, value: unknown, path: string, insensitive: boolean): Filter {
    this.#conditions += 1;
    if (this.#conditions > MAX_CONDITIONS) throw badUserInput(path, `where takes ${MAX_CONDITIONS} conditions at most`);
    if (value === null && operator === 'equals') return condition(name, { operator: 'isNull' });
    if (value === null && operator === 'not') return not(condition(name, { operator: 'isNull' }));
    if (value === null) throw nullRefused(path);
    const { kind } = fieldOf(this.#source, name);
    if (operator === 'in' || operator === 'notIn') {
      const comparison = { operator: 'in', value: this.#list(kind, value as readonly unknown[], path) } as const;
      const isIn = condition(name, comparison, insensitive);
      return operator === 'in' ? isIn : not(isIn);
    }
    const isOrder = operator.startsWith('lt') || operator.startsWith('gt');
    const comparison = { operator: operator as Operator, value: scalar(kind, value, path) } as Comparison;
    return condition(name, comparison, insensitive && !isOrder);
  }

  #list(kind: FieldKind, values: readonly unknown[], path: string): Scalar[] {
    this.#values += values.length;
    if (this.#values > MAX_VALUES) throw badUserInput(path, `where takes ${MAX_VALUES} values in lists at most`);
    return values.map((one) => scalar(kind, one, path));
  }
}

/** What the client has said: TypeGraphQL's instances also have what it has not, as undefined. */
function given(input: Where): [string, unknown][] {
  return Object.entries(input).filter(([, value]) => value !== undefined);
}

function nullRefused(path: string) {
  return badUserInput(path, `${path} takes a value, got null; leave it out, or ask with { equals: null } for none`);
}

/** A value as readers compare it: GraphQL has checked its type, here is what the type does not say. */
function scalar(kind: FieldKind, value: unknown, path: string): Scalar {
  if (kind === 'uuid' || kind === 'objectId') return checkedId(kind, String(value), path);
  // An id of another kind, which GraphQL takes as a string.
  if (kind === 'int' && typeof value === 'string') return Number(checkedId(kind, value, path));
  if (value instanceof Date) return timeArgument(value, path);
  if (typeof value === 'string' && !isStorable(value)) {
    throw badUserInput(path, `${path} takes a text without NUL and half surrogate pairs, got ${quote(value)}`);
  }
  return value as Scalar;
}
