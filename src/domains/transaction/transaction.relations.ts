import { joinMany } from '../../graph/join-field.js';
import { defineMany } from '../../join/relation.js';
import { orders } from '../order/order.source.js';
import { Order } from '../order/order.type.js';
import { transactions } from './transaction.source.js';
import { TransactionConnection } from './transaction.type.js';

/** `Order.transactions`: the transaction holds the order's id. */
export const orderTransactions = defineMany({
  name: 'transactions',
  from: orders,
  field: 'id',
  to: transactions,
  target: 'orderId',
});

export const transactionJoinFields = [
  joinMany(orderTransactions, Order, TransactionConnection, "The order's transactions, newest first, from MongoDB."),
] as const;
