import type { LookedUpTable } from '../platform/postgres/visible-rows.js';

/** Orders, by their own id and by that of their user. */
export const LOOKED_UP_ORDERS: LookedUpTable = { table: 'orders', keys: ['id', 'userId'] };

/** Copies of users, by the user's id. */
export const LOOKED_UP_COPIES: LookedUpTable = { table: 'users', keys: ['mongoId'] };
