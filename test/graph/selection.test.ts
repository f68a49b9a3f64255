import { expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { withLimits } from '../support/limits.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const executeLarge = useGraph(databases, withLimits({ fragments: 100 }));
const seed = new Seed(databases);

const columnsOf = (text: string | undefined) => [...(text ?? '').matchAll(/"(\w+)"/g)].map(([, name]) => name);

test('fields count through fragments, inline fragments, aliases and both ways into a connection', async () => {
  await seed.order();
  const answer = await execute(
    gql(`
      query OrderByFragments {
        orders(first: 1) { nodes { ...Outer } edges { node { ... on Order { n: orderNumber __typename } } } }
      }
      fragment Outer on Order { ...Inner ... { email: userEmail } }
      fragment Inner on Order { total }
    `),
  );
  expect(answer.errors).toEqual([]);
  const columns = columnsOf(answer.statements[0]?.text);
  expect(columns).toEqual(expect.arrayContaining(['id', 'total', 'userEmail', 'orderNumber']));
  expect(columns).not.toContain('userName');
});

test('what @include and @skip leave out is not read, and two executions of one query do not share it', async () => {
  await seed.order();
  const query = gql(`query OrderWithName($with: Boolean!) {
    orders(first: 1) { nodes { id userName @include(if: $with) } }
  }`);
  expect(columnsOf((await execute(query, { with: false })).statements[0]?.text)).not.toContain('userName');
  expect(columnsOf((await execute(query, { with: true })).statements[0]?.text)).toContain('userName');
});

test('fragments that spread each other twice cost no more than once', async () => {
  const order = await seed.order();
  const depth = 40;
  const fragments = Array.from(
    { length: depth },
    (_, at) => `fragment F${at} on Order { ...F${at + 1} ...F${at + 1} }`,
  );
  const query = `{ order(id: "${order.id}") { ...F0 } } ${fragments.join(' ')} fragment F${depth} on Order { id }`;
  expect((await executeLarge.text(query)).data).toEqual({ order: { id: order.id } });
});
