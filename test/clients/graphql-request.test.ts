import type { ResultOf } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { GraphQLClient } from 'graphql-request';
import { expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { Seed } from '../support/seed.js';
import { userOfOrder } from './front-end/script.js';
import { useGateway } from './recorded-gateway.js';

const databases = useDatabases();
const seed = new Seed(databases);
const gateway = useGateway(databases);

test('a query with variables is answered from both databases', async () => {
  const order = await seed.order({ user: await seed.user({ username: 'Ada' }) });
  expect(await userOfOrder(gateway.url, order.id)).toBe('Ada');
  expect(await userOfOrder(gateway.url, (await seed.order()).id)).toBe('nobody');
});

test('an error is thrown with its code', async () => {
  expect(await userOfOrder(gateway.url, 'nonsense')).toBe('BAD_USER_INPUT');
});

test('a raw request gives status, headers and errors beside the data', async () => {
  await seed.order();
  const client = new GraphQLClient(gateway.url, { errorPolicy: 'all' });
  const query = gql(`query GoodAndBad { good: orders { totalCount } bad: orders(first: 0) { totalCount } }`);
  const answer = await client.rawRequest<ResultOf<typeof query>>(print(query));
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/json/);
  expect(answer.data).toMatchObject({ good: { totalCount: expect.any(Number) as number }, bad: null });
  expect(answer.errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual([
    [['bad'], 'BAD_USER_INPUT'],
  ]);
});
