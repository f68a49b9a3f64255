import { graphql, type GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { beforeAll, expect, test } from 'vitest';
import { FieldResolver, Resolver, Root } from '../../src/graph/decorators.js';
import { objectType } from '../../src/graph/object-type.js';
import { Needs } from '../../src/graph/selection.js';
import { joinFields, rootFields } from '../../src/graph/source-fields.js';
import { defineRelation } from '../../src/join/relation.js';
import { defineSource, nullable, text } from '../../src/join/source.js';
import { memoryJoins } from '../join/memory-reader.js';

// What a team declares of its own, without a database: a person refers to a boss, and to a friend who is one back.
const people = defineSource({
  name: 'people',
  type: 'Person',
  description: 'A person.',
  database: 'postgres',
  fields: {
    id: text('The id.'),
    name: text('The name.'),
    bossId: nullable(text('The boss.')),
    friendId: nullable(text('The friend.')),
  },
});
const boss = defineRelation({
  from: people,
  field: 'bossId',
  to: people,
  name: 'boss',
  description: 'The boss.',
  inverse: { name: 'reports', description: 'The reports.' },
});
const friend = defineRelation({
  from: people,
  field: 'friendId',
  to: people,
  name: 'friend',
  description: 'The friend.',
  inverse: { name: 'friends', description: 'Whose friend one is.' },
});

@Resolver(() => objectType(people))
class PersonResolver {
  @FieldResolver(() => String, { description: 'The name, loud.' })
  @Needs('name')
  shouted(@Root() { name }: { name: string }): string {
    return name.toUpperCase();
  }

  @FieldResolver(() => Number, { description: 'How many fields the row has.' })
  width(@Root() row: object): number {
    return Object.keys(row).length;
  }
}

const ROWS = [
  { id: 'ada', name: 'Ada', bossId: null, friendId: 'bob' },
  { id: 'bob', name: 'Bob', bossId: 'ada', friendId: 'ada' },
  { id: 'cy', name: 'Cy', bossId: 'ada', friendId: null },
];
let schema: GraphQLSchema;

beforeAll(() => {
  const resolvers = [...rootFields(people), ...joinFields(boss), ...joinFields(friend), PersonResolver];
  schema = buildSchemaSync({ resolvers: resolvers as unknown as [new () => object], validate: false });
});

async function ask(source: string) {
  const { asked, joins } = memoryJoins(ROWS);
  const answer = await graphql({ schema, source, contextValue: { joins } });
  expect(answer.errors).toBeUndefined();
  return { data: JSON.parse(JSON.stringify(answer.data)) as unknown, asked };
}

test('a source that refers to itself twice is joined in all four directions', async () => {
  const { data } = await ask(
    '{ person(id: "ada") { boss { id } friend { id } reports { nodes { id } } friends { nodes { id } } } }',
  );
  expect(data).toEqual({
    person: {
      boss: null,
      friend: { id: 'bob' },
      reports: { nodes: [{ id: 'cy' }, { id: 'bob' }] },
      friends: { nodes: [{ id: 'bob' }] },
    },
  });
});

test('each direction reads what it starts from, and no more', async () => {
  expect((await ask('{ person(id: "ada") { friend { name } } }')).asked[0]?.fields).toEqual(['friendId']);
  expect((await ask('{ person(id: "ada") { friends { totalCount } } }')).asked[0]?.fields).toEqual(['id']);
});

test('a computed field gets what it says it needs, and all where it says nothing', async () => {
  const { data, asked } = await ask('{ person(id: "ada") { shouted } }');
  expect(data).toEqual({ person: { shouted: 'ADA' } });
  expect(asked[0]?.fields).toEqual(['name']);
  expect((await ask('{ person(id: "ada") { width } }')).asked[0]?.fields).toEqual(['bossId', 'friendId', 'id', 'name']);
});
