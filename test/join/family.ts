import { defineSource, int, nullable, objectId, text } from '../../src/join/source.js';
import type { PageRequest } from '../../src/join/page.js';
import { defineRelation } from '../../src/join/relation.js';

/** Two sources and a relation that no database has: children refer to their parents. */
export const parents = defineSource({
  name: 'parents',
  type: 'Parent',
  description: 'A parent.',
  database: 'mongo',
  fields: { id: objectId('The id.'), name: nullable(text('The name.')), age: nullable(int('The age.')) },
});

export const children = defineSource({
  name: 'children',
  type: 'Child',
  description: 'A child.',
  database: 'postgres',
  fields: { id: text('The id.'), parentId: nullable(objectId('The parent.')) },
});

export const childParent = defineRelation({
  from: children,
  field: 'parentId',
  to: parents,
  name: 'parent',
  description: 'The parent.',
  inverse: { name: 'children', description: 'The children.' },
});

/** Twenty-four times one hex digit. */
export const ID = (digit: string) => digit.repeat(24);
export const NAME: ReadonlySet<string> = new Set(['name']);

export const parent = (id: string) => ({ id, name: `name of ${id}`, age: 1 });
export const child = (parentId: string | null) => ({ id: 'c', parentId });

/** The first rows of a list in its usual order. */
export function firstOf(limit: number): PageRequest {
  return { fields: NAME, where: null, orderBy: children.orderBy, limit, backward: false, after: null, before: null };
}
