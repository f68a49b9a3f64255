import type { Finding } from '../platform/finding.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import type { Meant } from '../platform/wrapped-reference.js';

/** What can be wrong between the two databases. */
export const KINDS = [
  'danglingOrders',
  'orphanTransactions',
  'wrongAmounts',
  'staleCopies',
  'conflictingCopies',
  'staleOrderCopies',
  'wrappedReferences',
  'otherTypeReferences',
] as const;

export type InconsistencyKind = (typeof KINDS)[number];

/** What exactly it is. */
export type InconsistencyReason =
  /** Of an order: nobody has the id in MongoDB. */
  | 'NOBODY'
  /** Nobody has it any more, which the copy of users remembers. */
  | 'DELETED'
  /** The id of the user, or of the order, is none. */
  | 'MALFORMED'
  /** Of a transaction: no order has the id. */
  | 'NO_ORDER'
  /** Its amount is not the total of its order. */
  | 'OTHER_AMOUNT'
  /** Of a copy: there is none. */
  | 'MISSING'
  /** It is not what the user is. */
  | 'STALE'
  /** It is there, and the user is not. */
  | 'NOT_DELETED'
  /** It goes without the e-mail address, which another row has. */
  | 'EMAIL_TAKEN'
  /** Other users in MongoDB have the same id, their `_id`s being of other types, and only one of them is copied. */
  | 'ID_SHARED'
  /** It is not what the user is, because PostgreSQL cannot hold that. */
  | 'NOT_STORABLE'
  /** The order's user is there; its reference holds more than the id, or writes it in another way. */
  | 'USER_WRAPPED'
  /** The transaction's order is there; its reference holds more than the id, or writes it in another way. */
  | 'ORDER_WRAPPED'
  /** The order's user is there, under a key of a type by which the graph joins nothing. */
  | 'USER_OF_OTHER_TYPE'
  /** The transaction names its order by another field than the id. */
  | 'ORDER_OF_OTHER_TYPE';

export interface Inconsistency {
  readonly kind: InconsistencyKind;
  readonly reason: InconsistencyReason;
  /** Of the order, the transaction or the user that it is about. */
  readonly id: string;
  /** Whom an order refers to, or which order a transaction does, as it is written there; null for users. */
  readonly reference: string | null;
  /** What is so, as a sentence without its full stop. It tells no names and no addresses. */
  readonly problem: string;
}

/** An inconsistency before it is known to last. */
export interface Found extends Inconsistency {
  /** The moment in MongoDB's history as of which it was found; null where that does not matter. */
  readonly moment: ClusterTime | null;
  /** What the copy should have been then. */
  readonly expected: object | null;
  /** The row that the reference means, where the graph does not join it. */
  readonly meant?: Meant;
  /** Why it is not proved: what is missing in it may be there. Absent where it is proved. */
  readonly doubt?: Finding;
}

/** One that nothing else has to be known of to see whether it lasts. */
export function found(inconsistency: Inconsistency): Found {
  return { ...inconsistency, moment: null, expected: null };
}

/** What tells one inconsistency from another. */
export function identity({ kind, id }: Inconsistency): string {
  return `${kind} ${id}`;
}

/** Those of the first that are among the others too, as the others have them. */
export function stillAmong(before: readonly Found[], now: readonly Found[]): readonly Found[] {
  const known = new Set(before.map(identity));
  return now.filter((one) => known.has(identity(one)));
}
