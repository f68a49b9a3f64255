import type { Direction, Source } from '../join/source.js';
import { Field, InputType, registerEnumType, type ClassType } from './decorators.js';
import { once } from '../join/once.js';

/** One term of a sort by Prisma's conventions, as it comes in: `{ createdAt: 'desc' }`. */
export type OrderBy = Readonly<Record<string, Direction | null | undefined>>;

const SortOrder = { asc: 'asc', desc: 'desc' } as const;
registerEnumType(SortOrder, {
  name: 'SortOrder',
  description: 'Ascending or descending; a missing value counts as less than every other.',
  valuesConfig: { asc: { description: 'The least first.' }, desc: { description: 'The greatest first.' } },
});

/** The GraphQL input `<Type>OrderBy`: one field of the source and its direction. */
export const orderByInput = once((source: Source): ClassType<OrderBy> => {
  const type = class {};
  for (const [name, { description }] of Object.entries(source.fields)) {
    Field(() => SortOrder, { nullable: true, description })(type.prototype, name);
  }
  const description = `By what ${source.name} are sorted: one field in each; ties go by the next, at last by the id.`;
  InputType(`${source.type}OrderBy`, { description })(type);
  return type as ClassType<OrderBy>;
});
