import mongoose from 'mongoose';
import { money } from './orders.js';
import type { SeededTransaction, TransactionFault } from './transactions.js';
import type { SeededUser, UserFault } from './users.js';

const { Decimal128, ObjectId } = mongoose.mongo.BSON;

/** A document as it is stored; fields that are undefined are missing in it. */
export interface SeededDocument {
  readonly _id: mongoose.mongo.BSON.ObjectId;
  readonly [field: string]: unknown;
}

/** What differs from a sound document. */
type Difference = Readonly<Record<string, unknown>>;

/** A user's document, with its fault if it has one. Never with a password. */
export function userDocument(user: SeededUser): SeededDocument {
  const { id, username, email, locCode, power, createdAt, updatedAt, fault } = user;
  const sound = { _id: new ObjectId(id), username, email, locCode, power, createdAt, updatedAt };
  return fault === null ? sound : present({ ...sound, ...USER_FAULTS[fault](user) });
}

/** A transaction's document, with its fault if it has one. */
export function transactionDocument(transaction: SeededTransaction): SeededDocument {
  const { id, orderId, userId, cents, createdAt, fault } = transaction;
  const sound = {
    _id: new ObjectId(id),
    userId: new ObjectId(userId),
    orderId,
    amount: Decimal128.fromString(money(cents)),
    createdAt,
  };
  if (fault === null && orderId !== null) return sound;
  const difference = fault === null ? {} : TRANSACTION_FAULTS[fault](transaction);
  return present({ ...sound, ...(orderId === null ? { orderId: undefined } : {}), ...difference });
}

const USER_FAULTS: Readonly<Record<UserFault, (user: SeededUser) => Difference>> = {
  sharedEmail: () => ({}), // it is in the user already
  noUsername: () => ({ username: undefined }),
  usernameNull: () => ({ username: null }),
  noEmail: () => ({ email: undefined }),
  noLocCode: () => ({ locCode: undefined }),
  locCodeAsNumber: ({ locCode }) => ({ locCode: Number(locCode.slice('LOC'.length)) }),
  noPower: () => ({ power: undefined }),
  powerAsText: ({ power }) => ({ power: String(power) }),
  noCreatedAt: () => ({ createdAt: undefined }),
  createdAtAsText: ({ createdAt }) => ({ createdAt: createdAt.toISOString() }),
};

const TRANSACTION_FAULTS: Readonly<Record<TransactionFault, (transaction: SeededTransaction) => Difference>> = {
  // A fraction becomes a float, as it does in people's programs.
  amountAsNumber: ({ cents }) => ({ amount: cents / 100 }),
  amountAsText: ({ cents }) => ({ amount: money(cents) }),
  noAmount: () => ({ amount: undefined }),
  userIdAsText: ({ userId }) => ({ userId }),
  userIdInUpperCase: ({ userId }) => ({ userId: userId.toUpperCase() }),
  noUserId: () => ({ userId: undefined }),
  orderIdInUpperCase: ({ orderId }) => ({ orderId: orderId?.toUpperCase() }),
  noCreatedAt: () => ({ createdAt: undefined }),
  createdAtAsText: ({ createdAt }) => ({ createdAt: createdAt.toISOString() }),
};

function present(document: SeededDocument): SeededDocument {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined)) as SeededDocument;
}
