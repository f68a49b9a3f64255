import { print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const CREATE = gql(`mutation CreateWholeOrder($input: CreateOrderInput!) { createOrder(input: $input) {
  order { id orderNumber total userName user { username } } } }`);

describe('createOrder', () => {
  test('the payload carries the order, joined with its user', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const answer = await execute(CREATE, { input: { userId: ada.id, total: '12.5', orderNumber: 'A-1' } });
    expect(answer.errors).toEqual([]);
    expect(answer.data).toMatchObject({
      createOrder: { order: { orderNumber: 'A-1', total: '12.50', userName: 'Ada', user: { username: 'Ada' } } },
    });
    expect(answer).toHaveCost({ postgres: 2, mongo: 2 });
  });

  test('an integer is a total, as a literal and as a variable', async () => {
    const ada = await seed.user();
    const literal = await execute(
      gql(`mutation CreateOrderForTwelve($userId: ID!) {
        createOrder(input: { userId: $userId, total: 12 }) { order { total } }
      }`),
      { userId: ada.id },
    );
    const variable = await execute.text(print(CREATE), { input: { userId: ada.id, total: 12 } });
    expect(literal.data).toEqual({ createOrder: { order: { total: '12.00' } } });
    expect(variable.data).toMatchObject({ createOrder: { order: { total: '12.00' } } });
  });

  test.each([12.5, 'NaN', '1e3', true, { gt: 1 }])(
    'a total of %j as a variable is BAD_USER_INPUT and names the field',
    async (total) => {
      const answer = await execute.text(print(CREATE), { input: { userId: 'f'.repeat(24), total } });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'input.total' } }]);
      expect(answer).toHaveCost({});
    },
  );

  test.each(['12.5', '"1e3"', 'true'])('a total of %s as a literal is BAD_USER_INPUT', async (total) => {
    const answer = await execute.text(
      `mutation { createOrder(input: { userId: "x", total: ${total} }) { order { id } } }`,
    );
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(answer).toHaveCost({});
  });

  test('what the service refuses has a code and the field', async () => {
    const ada = await seed.user();
    const refusals = [
      [
        { userId: 'f'.repeat(24), total: '1' },
        { code: 'USER_NOT_FOUND', field: 'input.userId' },
      ],
      [
        { userId: 'nonsense', total: '1' },
        { code: 'BAD_USER_INPUT', field: 'input.userId' },
      ],
      [
        { userId: ada.id, total: '-1' },
        { code: 'BAD_USER_INPUT', field: 'input.total' },
      ],
      [
        { userId: ada.id, total: '1', orderNumber: '' },
        { code: 'BAD_USER_INPUT', field: 'input.orderNumber' },
      ],
    ] as const;
    for (const [input, extensions] of refusals) {
      const answer = await execute(CREATE, { input });
      expect(answer.errors).toMatchObject([{ path: ['createOrder'], extensions }]);
    }
  });

  test('an order number that is taken is ORDER_NUMBER_TAKEN', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', orderNumber: 'taken' };
    await execute(CREATE, { input });
    const answer = await execute(CREATE, { input });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'ORDER_NUMBER_TAKEN', field: 'input.orderNumber' } }]);
  });

  test('an operator in the place of a value is refused before any database is asked', async () => {
    const answer = await execute.text(print(CREATE), { input: { userId: { $ne: null }, total: '1' } });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(answer).toHaveCost({});
  });
});
