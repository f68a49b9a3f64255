import type { LookedUpTable } from '../platform/postgres/visible-rows.js';

/** Orders, by their own id and by that of their user. */
export const LOOKED_UP_ORDERS: LookedUpTable = { table: 'orders', keys: ['id', 'userId'] };

/** Copies of users, by the user's id. */
export const LOOKED_UP_COPIES: LookedUpTable = { table: 'users', keys: ['mongoId'] };

const LOOKED_UP_KEYS: LookedUpTable = { table: 'tandem_idempotency_keys', keys: ['outcome'] };
const LOOKED_UP_KEPT_ROWS: LookedUpTable = { table: 'tandem_kept_rows', keys: ['userId', 'before'] };

/** Where nothing of a person may be hidden who is to be forgotten. */
export const REMEMBERING: readonly LookedUpTable[] = [
  LOOKED_UP_ORDERS,
  LOOKED_UP_COPIES,
  LOOKED_UP_KEYS,
  LOOKED_UP_KEPT_ROWS,
];
