import { expect, test } from 'vitest';
import { useDatabases } from '../../support/databases.js';
import { useGraph } from '../../support/graph.js';
import { Seed } from '../../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

test('50 orders with their users cost one statement in each database', async () => {
  for (const user of await seed.users(50)) await seed.order({ user });
  const answer = await execute('{ orders(first: 50) { nodes { total user { username } } } }');
  expect(answer).toHaveProperty('data.orders.nodes[49].user.username', expect.any(String));
  expect(answer).toHaveCost({ postgres: 1, mongo: 1 });
});
