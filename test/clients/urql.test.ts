import { Client, CombinedError, fetchExchange } from '@urql/core';
import { expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { Seed } from '../support/seed.js';
import { createUrqlClient } from './front-end/urql.js';
import { useGateway } from './recorded-gateway.js';

const databases = useDatabases();
const seed = new Seed(databases);
const gateway = useGateway(databases);

const NAME = gql(`query NameOfUser($id: ID!) { user(id: $id) { username } }`);
const EMPOWER = gql(`mutation EmpowerUser($id: ID!, $power: Int!) {
  updateUser(id: $id, input: { power: $power }) { user { power } }
}`);

test('a query goes by GET, with the preflight header, and a mutation by POST', async () => {
  const ada = await seed.user({ username: 'Ada' });
  const client = createUrqlClient(gateway.url);
  const answer = await client.query(NAME, { id: ada.id });
  expect(answer.error).toBeUndefined();
  expect(answer.data?.user?.username).toBe('Ada');
  const changed = await client.mutation(EMPOWER, { id: ada.id, power: 9 });
  expect(changed.data?.updateUser.user.power).toBe(9);
  expect(gateway.received().map(({ method }) => method)).toEqual(['GET', 'POST']);
});

test('without the preflight header a GET is refused with 400, which names the header', async () => {
  const client = new Client({ url: gateway.url, exchanges: [fetchExchange], preferGetMethod: true });
  const { error } = await client.query(NAME, { id: '0'.repeat(24) });
  expect(error).toBeInstanceOf(CombinedError);
  expect((error?.response as Response).status).toBe(400);
  expect(error?.message).toContain('apollo-require-preflight');
});

test('by POST no header is needed', async () => {
  const ada = await seed.user({ username: 'Ada' });
  const client = new Client({ url: gateway.url, exchanges: [fetchExchange], preferGetMethod: false });
  expect((await client.query(NAME, { id: ada.id })).data?.user?.username).toBe('Ada');
});

test('an error has its code and field', async () => {
  const { error } = await createUrqlClient(gateway.url).mutation(EMPOWER, { id: 'nobody', power: 1 });
  expect(error?.graphQLErrors.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT', field: 'id' }]);
});
