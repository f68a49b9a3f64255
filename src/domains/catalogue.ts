import type { Relation } from '../join/relation.js';
import type { Source } from '../join/source.js';
import { orderUser } from './order/order.relations.js';
import { transactionOrder, transactionUser } from './transaction/transaction.relations.js';

/** Every relation: the graph has a field for each of its directions, its database the index that it needs. */
export const RELATIONS: readonly Relation[] = [orderUser, transactionOrder, transactionUser];

/** Sources that no relation joins. */
const ALONE: readonly Source[] = [];

/** Every source: the graph has its type, its row by id and its list; the databases are checked for what it needs. */
export const SOURCES: readonly Source[] = [...new Set([...RELATIONS.flatMap(({ from, to }) => [from, to]), ...ALONE])];
