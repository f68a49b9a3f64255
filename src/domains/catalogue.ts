import type { Relation } from '../join/relation.js';
import type { Source } from '../join/source.js';
import { orderUser } from './order/order.relations.js';
import { orders } from './order/order.source.js';
import { orderTransactions } from './transaction/transaction.relations.js';
import { transactions } from './transaction/transaction.source.js';
import { users } from './user/user.source.js';

/** Every source, for what concerns all of them: migrating, checking what a database lacks. */
export const SOURCES: readonly Source[] = [users, orders, transactions];

/** Every relation. */
export const RELATIONS: readonly Relation[] = [orderUser, orderTransactions];
