import { badUserInput } from '../errors/app-error.js';
import { idArgument, quote } from '../graph/id-argument.js';
import { users } from '../domains/user/user.source.js';
import type { UserId } from '../domains/user/user.type.js';

/** What a caller says about a new order. */
export interface CreateOrder {
  readonly userId: string;
  /** A decimal string, 0 to 99999999.99, at most two decimals. */
  readonly total: string;
  /** Generated when absent. */
  readonly orderNumber?: string | null | undefined;
}

/** The same, checked. */
export interface CheckedOrder {
  readonly userId: UserId;
  readonly total: string;
  readonly orderNumber: string | null;
}

const TOTAL = /^\d{1,8}(\.\d{1,2})?$/;
const MAX_ORDER_NUMBER = 64;

/** @throws {AppError} BAD_USER_INPUT for the first field whose value is not allowed */
export function checkedOrder(input: CreateOrder): CheckedOrder {
  return {
    userId: idArgument(users, input.userId, 'input.userId'),
    total: checkedTotal(input.total),
    orderNumber: checkedOrderNumber(input.orderNumber ?? null),
  };
}

function checkedTotal(total: string): string {
  if (TOTAL.test(total)) return total;
  throw badUserInput(
    'input.total',
    `input.total takes 0 to 99999999.99 with at most two decimals, such as "12.50", got ${quote(total)}`,
  );
}

function checkedOrderNumber(orderNumber: string | null): string | null {
  if (orderNumber === null) return null;
  const fits = orderNumber.length > 0 && orderNumber.length <= MAX_ORDER_NUMBER;
  // Control characters (NUL among them) and half surrogate pairs: no person has typed them.
  if (fits && orderNumber.isWellFormed() && !/\p{Cc}/u.test(orderNumber) && orderNumber.trim() === orderNumber) {
    return orderNumber;
  }
  throw badUserInput(
    'input.orderNumber',
    `input.orderNumber takes 1 to ${MAX_ORDER_NUMBER} characters without control characters or blanks at its ends, ` +
      `got ${quote(orderNumber)}; leave it out to have one generated`,
  );
}
