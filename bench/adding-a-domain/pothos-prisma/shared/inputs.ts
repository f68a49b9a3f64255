import type { InputRef } from '@pothos/core';
import { builder } from './builder.js';

const COMPARISONS = ['equals', 'lt', 'lte', 'gt', 'gte'];

const SortOrder = builder.enumType('SortOrder', { values: ['asc', 'desc'] as const });

export const IdFilter = filterInput('ID', ['equals'], 'IdFilter');
export const StringFilter = filterInput('String', [...COMPARISONS, 'contains', 'startsWith', 'endsWith']);
export const IntFilter = filterInput('Int', COMPARISONS);
export const DecimalFilter = filterInput('Decimal', COMPARISONS);
export const DateTimeFilter = filterInput('DateTime', COMPARISONS);

function filterInput(
  type: 'ID' | 'String' | 'Int' | 'Decimal' | 'DateTime',
  operators: string[],
  name = `${type}Filter`,
) {
  const ref = builder.inputRef<object>(name);
  return ref.implement({
    fields: (t) => ({
      ...Object.fromEntries(operators.map((operator) => [operator, t.field({ type })])),
      in: t.field({ type: [type] }),
      notIn: t.field({ type: [type] }),
      not: t.field({ type: ref }),
    }),
  });
}

/** An input type with a filter for each field, and AND, OR and NOT of its own kind. */
export function whereInput(name: string, filters: Record<string, InputRef<object>>) {
  const ref = builder.inputRef<object>(name);
  return ref.implement({
    fields: (t) => ({
      ...Object.fromEntries(Object.entries(filters).map(([field, type]) => [field, t.field({ type })])),
      AND: t.field({ type: [ref] }),
      OR: t.field({ type: [ref] }),
      NOT: t.field({ type: [ref] }),
    }),
  });
}

export function orderByInput(name: string, fields: string[]) {
  return builder.inputRef<object>(name).implement({
    fields: (t) => Object.fromEntries(fields.map((field) => [field, t.field({ type: SortOrder })])),
  });
}

/** The arguments of a connection. */
export function connectionArgs(where: InputRef<object>, orderBy: InputRef<object>) {
  return builder.args((t) => ({
    ...t.connectionArgs(),
    where: t.field({ type: where }),
    orderBy: t.field({ type: [orderBy] }),
  }));
}
