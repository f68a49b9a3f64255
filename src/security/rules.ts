import { all, any, condition, type Filter } from '../join/filter.js';
import { normalizeKey } from '../join/key.js';
import { fieldOf, type Source } from '../join/source.js';
import type { Actor } from './actor.js';

/** For which rows of a source something is allowed to an actor. The fields are those that it looks at in a row. */
export interface Rule {
  readonly rows: (actor: Actor, source: Source) => Filter;
  readonly fields: readonly string[];
}

export const EVERY_ROW = all([]);
const NO_ROW = any([]);

/** Everybody who has said who it is. */
export const everyone: Rule = { rows: ({ isKnown }) => (isKnown ? EVERY_ROW : NO_ROW), fields: [] };

export const nobody: Rule = { rows: () => NO_ROW, fields: [] };

/** Who has one of these roles. */
export function role(...names: readonly string[]): Rule {
  return { rows: ({ roles }) => (names.some((name) => roles.has(name)) ? EVERY_ROW : NO_ROW), fields: [] };
}

/** The user whose id a row has in this field. */
export function owner(field: string): Rule {
  const rows = ({ userId }: Actor, source: Source): Filter => {
    const value = normalizeKey(fieldOf(source, field).kind, userId);
    return value === null ? NO_ROW : condition(field, { operator: 'equals', value });
  };
  return { rows, fields: [field] };
}

/** Where one of the rules allows it. */
export function either(...rules: readonly Rule[]): Rule {
  const rows = (actor: Actor, source: Source): Filter => {
    const parts = rules.map((rule) => rule.rows(actor, source)).filter((part) => !isNoRow(part));
    return parts.some(isEveryRow) ? EVERY_ROW : any(parts);
  };
  return { rows, fields: [...new Set(rules.flatMap(({ fields }) => fields))] };
}

export function isEveryRow(filter: Filter): boolean {
  return filter.kind === 'all' && filter.of.length === 0;
}

function isNoRow(filter: Filter): boolean {
  return filter.kind === 'any' && filter.of.length === 0;
}

/**
 * Whether a row that was read meets a rule's filter. Ids alone are compared here: of any other value the databases have an
 * order and an equality of their own, and a second one would let through what they do not.
 *
 * @throws {TypeError} for a rule that compares anything else
 */
export function holdsIn(filter: Filter, source: Source, row: object): boolean {
  switch (filter.kind) {
    case 'all':
      return filter.of.every((part) => holdsIn(part, source, row));
    case 'any':
      return filter.of.some((part) => holdsIn(part, source, row));
    case 'condition': {
      const { field, comparison, negated } = filter;
      const { kind } = fieldOf(source, field);
      const isOfIds = (kind === 'objectId' || kind === 'uuid') && comparison.operator === 'equals' && !negated;
      if (!isOfIds) throw new TypeError(`a rule about fields of ${source.name} compares ${field}, which is no id`);
      return normalizeKey(kind, (row as Record<string, unknown>)[field]) === comparison.value;
    }
  }
}
