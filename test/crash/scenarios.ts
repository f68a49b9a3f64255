import { expect } from 'vitest';
import type { Platform } from '../../src/platform/platform.js';
import type { Execute } from '../support/graph.js';
import type { Seeded } from '../support/seed.js';

interface Context {
  readonly ada: Seeded;
  readonly execute: Execute;
  readonly platform: Platform;
}

/** A call in whose middle a process dies. */
export interface Scenario {
  /** What has to be there before. */
  readonly prepare?: (context: Context) => Promise<void>;
  readonly call: (ada: Seeded) => { readonly query: string; readonly variables: Record<string, unknown> };
  readonly amount: string;
  /** Whether MongoDB refuses the amount: from the beginning, or when a first process has died of the call. */
  readonly isRefused?: boolean;
  readonly isRefusedLater?: boolean;
  /** Whether MongoDB deletes nothing. */
  readonly isDeletionRefused?: boolean;
  /** What the call may say when it is made again; `none` where it succeeds. */
  readonly codes: readonly string[];
  /** What the answer is about. */
  readonly idOf: (data: unknown) => unknown;
  /** What has to be there afterwards, whatever died. */
  readonly check: (context: Context) => Promise<void>;
}

const CREATE = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id total } } }`;
const UPDATE = `mutation ($id: ID!, $input: UpdateOrderInput!) { updateOrder(id: $id, input: $input) { order { id total } } }`;
const DELETE = `mutation ($id: ID!) { deleteOrder(id: $id) { order { id } } }`;
const DELETE_USER = `mutation ($id: ID!) { deleteUser(id: $id) { user { id } } }`;

const ERASE_USER = `mutation ($id: ID!) { deleteUser(id: $id, orders: KEEP, erase: true) { user { id } } }`;

/** The order that was there before, by its user's id. */
const orderIds = new Map<string, string>();

export const scenarios = {
  NONE: creation('NONE', '10.00', [1, 0]),
  REQUIRED: creation('REQUIRED', '11.00', [1, 1]),
  EVENTUAL: creation('EVENTUAL', '12.00', [1, 1]),
  refused: { ...creation('REQUIRED', '13.13', [0, 0]), isRefused: true, codes: ['TRANSACTION_FAILED'] },
  refusedLater: {
    ...creation('REQUIRED', '14.14', [0, 0]),
    isRefused: true,
    isRefusedLater: true,
    codes: ['TRANSACTION_FAILED'],
  },
  change: {
    prepare: withOrder,
    call: ({ id }) => ({ query: UPDATE, variables: { id: orderIds.get(id), input: { total: '20.00' } } }),
    amount: '20.00',
    codes: ['none'],
    idOf: idIn('updateOrder', 'order'),
    check: (context) => expectRows(context, [1, 1], '20.00'),
  },
  deletion: {
    prepare: withOrder,
    call: ({ id }) => ({ query: DELETE, variables: { id: orderIds.get(id) } }),
    amount: '1.00',
    codes: ['none', 'NOT_FOUND'],
    idOf: idIn('deleteOrder', 'order'),
    check: (context) => expectRows(context, [0, 0], '1.00'),
  },
  refusedDeletion: {
    prepare: withOrder,
    call: ({ id }) => ({ query: DELETE, variables: { id: orderIds.get(id) } }),
    amount: '1.00',
    isDeletionRefused: true,
    codes: ['TRANSACTION_FAILED'],
    idOf: idIn('deleteOrder', 'order'),
    check: (context) => expectRows(context, [1, 1], '1.00'),
  },
  userDeletion: {
    call: ({ id }) => ({ query: DELETE_USER, variables: { id } }),
    amount: '1.00',
    codes: ['none', 'NOT_FOUND'],
    idOf: idIn('deleteUser', 'user'),
    check: async ({ ada, execute }) => {
      const { data } = await execute.text('query ($id: ID!) { user(id: $id) { id } }', { id: ada.id });
      expect(data).toEqual({ user: null });
    },
  },
  userErasure: {
    prepare: withOrder,
    call: ({ id }) => ({ query: ERASE_USER, variables: { id } }),
    amount: '1.00',
    codes: ['none', 'NOT_FOUND'],
    idOf: idIn('deleteUser', 'user'),
    check: async ({ ada, platform }) => {
      const sql = 'SELECT "userName", "userEmail" FROM "orders" WHERE "userId" = $1';
      expect(await platform.postgres.query(sql, ada.id)).toEqual([{ userName: null, userEmail: null }]);
    },
  },
} satisfies Record<string, Scenario> as Readonly<Record<Name, Scenario>>;

type Name =
  | ('NONE' | 'REQUIRED' | 'EVENTUAL')
  | ('refused' | 'refusedLater' | 'change')
  | ('deletion' | 'refusedDeletion' | 'userDeletion' | 'userErasure');

/** @param counts of orders and of transactions that there are in the end */
function creation(transaction: string, amount: string, counts: readonly [number, number]): Scenario {
  return {
    call: ({ id }) => ({
      query: CREATE,
      variables: { input: { userId: id, total: amount, transaction, idempotencyKey: `key of ${id}` } },
    }),
    amount,
    codes: ['none'],
    idOf: idIn('createOrder', 'order'),
    check: (context) => expectRows(context, counts, amount),
  };
}

/** An order with its transaction, of another amount. */
async function withOrder({ ada, execute }: Context): Promise<void> {
  const input = { userId: ada.id, total: '1.00', transaction: 'REQUIRED' };
  const { data } = await execute.text(CREATE, { input });
  orderIds.set(ada.id, String(idIn('createOrder', 'order')(data)));
}

async function expectRows(
  { ada, platform }: Context,
  counts: readonly [number, number],
  amount: string,
): Promise<void> {
  const orders = await platform.postgres.query('SELECT "total"::text FROM "orders" WHERE "userId" = $1', ada.id);
  const documents = await platform.mongo.run((db) => db.collection('transactions').find({ voidedAt: null }).toArray());
  const ofAda = documents.filter(({ userId }) => String(userId) === ada.id);
  expect([orders.length, ofAda.length]).toEqual(counts);
  expect([...orders.map(({ total }) => total), ...ofAda.map((document) => String(document['amount']))]).toEqual(
    Array.from({ length: orders.length + ofAda.length }, () => amount),
  );
}

function idIn(field: string, thing: string): (data: unknown) => unknown {
  return (data) => (data as Record<string, Record<string, { id: string }> | null> | null)?.[field]?.[thing]?.id;
}
