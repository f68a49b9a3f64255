import { nobody, purchaseOf, type Purchase } from './orders.js';
import type { Plan } from './plan.js';
import { Random } from './random.js';
import { endOf } from './users.js';

/** A transaction as it is made; what of it is stored in which way, `documents.model.ts` says. */
export interface SeededTransaction {
  readonly id: string;
  /** Null where it is missing. */
  readonly orderId: string | null;
  readonly userId: string;
  readonly cents: number;
  readonly createdAt: Date;
  /** What is wrong with the document. */
  readonly fault: TransactionFault | null;
}

export type TransactionFault = (typeof FAULTS)[number];

const FAULTS = [
  'amountAsNumber',
  'amountAsText',
  'noAmount',
  'userIdAsText',
  'userIdInUpperCase',
  'noUserId',
  'orderIdInUpperCase',
  'noCreatedAt',
  'createdAtAsText',
] as const;

/** Above the index of any order. */
const NO_ORDER = 2 ** 40;

/**
 * The transaction with this index. They are spread evenly over the orders; where an order has several, their amounts add
 * up to its total.
 */
export function transactionOf(plan: Plan, index: number): SeededTransaction {
  const random = new Random(plan.streams.transactions, index);
  const order = Math.floor((index * plan.orders) / plan.transactions);
  const purchase = purchaseOf(plan, order);
  const seconds = 5 + random.below(600);
  return {
    id: plan.ids.transactions.of(index),
    orderId: random.isIn(plan.orphans) ? noOrder(plan, random) : plan.ids.orders.of(order),
    userId: purchase.buyer === null ? nobody(plan, random) : plan.ids.users.of(purchase.buyer),
    cents: partOf(plan, purchase, order, index),
    createdAt: new Date(Math.min(Math.floor(purchase.time / 1_000) + seconds * 1_000, endOf(plan))),
    fault: random.isIn(plan.dirt) ? random.pick(FAULTS) : null,
  };
}

function partOf(plan: Plan, { cents }: Purchase, order: number, index: number): number {
  const first = firstOf(plan, order);
  const parts = firstOf(plan, order + 1) - first;
  const paid = (part: number) => Math.floor((cents * part) / parts);
  return paid(index - first + 1) - paid(index - first);
}

/** The first transaction of an order. */
function firstOf({ transactions, orders }: Plan, order: number): number {
  return Math.ceil((order * transactions) / orders);
}

/** The id of an order that is gone, something that is none, or nothing. */
function noOrder({ ids }: Plan, random: Random): string | null {
  return random.pick([ids.orders.of(NO_ORDER + random.below(NO_ORDER)), 'unknown', null]);
}
