import { beforeAll, expect, test } from 'vitest';
import { feature } from '../../../src/features/circuit-breaker/feature.js';
import { orders } from '../../../src/domains/order/order.source.js';
import { readOne } from '../../../src/graph/reading.js';
import { createScope } from '../../../src/scope.js';
import { identified } from '../../../src/security/actor.js';
import { useDatabases } from '../../support/databases.js';
import { Seed, type Seeded } from '../../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
let ada: Seeded;
let own: Seeded;
let others: Seeded;

beforeAll(async () => {
  ada = await seed.user();
  own = await seed.order({ user: ada });
  others = await seed.order();
});

test('what guards a reader passes the policy on: an order of another is not there by its id either', async () => {
  const platform = feature.extendPlatform?.(databases.platform) ?? databases.platform;
  expect(platform).not.toBe(databases.platform);
  const { joins } = createScope(platform, { actor: identified(ada.id, []) });
  expect(await readOne(joins, orders, own.id)).toMatchObject({ id: own.id });
  expect(await readOne(joins, orders, others.id)).toBeNull();
  expect(await joins.count({ source: orders, path: 'orders', by: null, key: '' }, null)).toBe(1);
});
