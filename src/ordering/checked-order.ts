import { createHash } from 'node:crypto';
import Big from 'big.js';
import { badUserInput } from '../errors/app-error.js';
import { idArgument, quote, textArgument, timeArgument } from '../graph/arguments.js';
import { users, type UserId } from '../domains/user/user.source.js';
import type { OrderRowChanges } from './order.repository.js';
import type { TransactionMode } from './protocol.js';

/** What a caller says about a new order. */
export interface CreateOrder {
  readonly userId: string;
  /** A decimal string, 0 to 99999999.99, at most two decimals. */
  readonly total: string;
  /** Generated when absent. */
  readonly orderNumber?: string | null | undefined;
  /** Whether, and how, a transaction in MongoDB goes with it; NONE when absent. */
  readonly transaction?: TransactionMode | null | undefined;
  /** Under the same key the same call gives the same answer, and is carried out once; 1 to 255 characters. */
  readonly idempotencyKey?: string | null | undefined;
}

/** The same, checked and in canonical form. */
export interface CheckedOrder {
  readonly userId: UserId;
  readonly total: string;
  readonly orderNumber: string | null;
  readonly mode: TransactionMode;
  readonly idempotencyKey: string | null;
}

/** What a caller wants changed of an order: what is absent stays. */
export interface UpdateOrder {
  readonly total?: string | null | undefined;
  readonly orderNumber?: string | null | undefined;
  /** Refuses when the order was changed since it had this `updatedAt`. */
  readonly expectedUpdatedAt?: Date | null | undefined;
}

const TOTAL = /^\d{1,8}(\.\d{1,2})?$/;
const MAX_ORDER_NUMBER = 64;
const MAX_KEY = 255;

/** @throws {AppError} BAD_USER_INPUT for the first field whose value is not allowed */
export function checkedOrder(input: CreateOrder): CheckedOrder {
  return {
    userId: idArgument(users, input.userId, 'input.userId'),
    total: checkedTotal(input.total),
    orderNumber: checkedOrderNumber(input.orderNumber ?? null),
    mode: input.transaction ?? 'NONE',
    idempotencyKey: checkedKey(input.idempotencyKey ?? null),
  };
}

/** SHA-256 of what is asked for: the same for "10" and "10.00", and for an id in whatever case. */
export function fingerprintOf({ userId, total, orderNumber, mode }: CheckedOrder): string {
  const canonical = JSON.stringify([userId, total, orderNumber, mode]);
  return createHash('sha256').update(canonical).digest('hex');
}

function checkedKey(key: string | null): string | null {
  const remedy = '; leave it out where the call is never repeated';
  return key === null ? null : textArgument(key, 'input.idempotencyKey', MAX_KEY, remedy);
}

/** @throws {AppError} BAD_USER_INPUT for the first field whose value is not allowed */
export function checkedChanges({ total, orderNumber, expectedUpdatedAt = null }: UpdateOrder): OrderRowChanges {
  if (total === null) throw cannotBeEmptied('total');
  if (orderNumber === null) throw cannotBeEmptied('orderNumber');
  return {
    total: total === undefined ? null : checkedTotal(total),
    orderNumber: orderNumber === undefined ? null : textArgument(orderNumber, 'input.orderNumber', MAX_ORDER_NUMBER),
    expectedUpdatedAt: expectedUpdatedAt === null ? null : timeArgument(expectedUpdatedAt, 'input.expectedUpdatedAt'),
  };
}

function cannotBeEmptied(name: string) {
  return badUserInput(`input.${name}`, `input.${name} cannot be emptied, got null; leave it out to keep it`);
}

function checkedTotal(total: string): string {
  if (TOTAL.test(total)) return new Big(total).toFixed(2);
  throw badUserInput(
    'input.total',
    `input.total takes 0 to 99999999.99 with at most two decimals, such as "12.50", got ${quote(total)}`,
  );
}

function checkedOrderNumber(orderNumber: string | null): string | null {
  if (orderNumber === null) return null;
  const remedy = '; leave it out to have one generated';
  return textArgument(orderNumber, 'input.orderNumber', MAX_ORDER_NUMBER, remedy);
}
