import { GraphQLDateTime } from 'graphql-scalars';
import { KEY, type Enumeration, type FieldKind, type Source } from '../join/source.js';
import { DecimalScalar } from './decimal.js';
import { Field, Float, ID, InputType, Int, registerEnumType, type ClassType } from './decorators.js';
import { enumOf, type Scalar } from './object-type.js';
import { once } from '../join/once.js';

/** Filters and sorts by Prisma's conventions, as they come in. */
export type Where = Readonly<Record<string, unknown>>;

const QueryMode = { default: 'default', insensitive: 'insensitive' } as const;
registerEnumType(QueryMode, {
  name: 'QueryMode',
  description: 'Whether texts are compared with regard to case.',
  valuesConfig: { default: { description: '"a" is not "A".' }, insensitive: { description: '"a" is "A".' } },
});

const EQUALS = { equals: 'Equal to this; null: no value.' };
const IN = { in: 'One of these.', notIn: 'None of these.' };
const ORDER = { lt: 'Less than this.', lte: 'This or less.', gt: 'Greater than this.', gte: 'This or greater.' };
const TEXT = { contains: 'This is in it.', startsWith: 'It begins with this.', endsWith: 'It ends with this.' };

type Operators = Readonly<Record<string, string>>;

function filterType(name: string, scalar: Scalar, what: string, operators: Operators): ClassType {
  const type = class {};
  for (const [operator, description] of Object.entries(operators)) {
    Field(() => (operator in IN ? [scalar] : scalar), { nullable: true, description })(type.prototype, operator);
  }
  if (operators === ON_TEXT) {
    const description = 'Whether the comparisons beside it go by case; lt, lte, gt and gte always do.';
    Field(() => QueryMode, { nullable: true, description })(type.prototype, 'mode');
  }
  Field(() => type, { nullable: true, description: 'A value, of which this does not hold.' })(type.prototype, 'not');
  const about = `What ${what} is compared with; all that is given has to hold. A missing value meets no comparison.`;
  InputType(name, { description: about })(type);
  return type;
}

const ON_TEXT: Operators = { ...EQUALS, ...IN, ...ORDER, ...TEXT };
const ON_ID: Operators = { ...EQUALS, ...IN };
const ON_ORDERED: Operators = { ...EQUALS, ...IN, ...ORDER };

const IdFilter = filterType('IdFilter', ID, 'an id', ON_ID);
const FILTERS: Readonly<Record<FieldKind, ClassType>> = {
  uuid: IdFilter,
  objectId: IdFilter,
  text: filterType('StringFilter', String, 'a text', ON_TEXT),
  int: filterType('IntFilter', Int, 'a number', ON_ORDERED),
  float: filterType('FloatFilter', Float, 'a number', ON_ORDERED),
  decimal: filterType('DecimalFilter', DecimalScalar, 'a decimal', ON_ORDERED),
  boolean: filterType('BooleanFilter', Boolean, 'a truth value', EQUALS),
  dateTime: filterType('DateTimeFilter', GraphQLDateTime, 'a time', ON_ORDERED),
};

const enumFilter = once((values: Enumeration) =>
  filterType(`${values.name}Filter`, enumOf(values), `a ${values.name}`, ON_ID),
);

/** What a filter has beside the fields of its source. */
export const COMBINATORS = {
  AND: 'All of these hold.',
  OR: 'One of these holds.',
  NOT: 'None of these holds.',
};

/** The GraphQL input `<Type>Where`: a filter for each field of the source, and AND, OR, NOT. */
export const whereInput = once((source: Source): ClassType<Where> => {
  const type = class {};
  for (const [name, { kind, values, description }] of Object.entries(source.fields)) {
    const filter = values === undefined ? FILTERS[name === KEY ? 'uuid' : kind] : enumFilter(values);
    Field(() => filter, { nullable: true, description })(type.prototype, name);
  }
  for (const [name, description] of Object.entries(COMBINATORS)) {
    Field(() => [type], { nullable: true, description })(type.prototype, name);
  }
  const description = `Which ${source.name} are wanted; all that is given has to hold.`;
  InputType(`${source.type}Where`, { description })(type);
  return type as ClassType<Where>;
});
