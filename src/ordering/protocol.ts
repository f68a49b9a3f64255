/** Whether, and how, a transaction in MongoDB goes with an order. */
export type TransactionMode =
  /** The order alone. */
  | 'NONE'
  /** Both or neither, when the call is acknowledged. */
  | 'REQUIRED'
  /** The order now, the transaction soon, exactly once. */
  | 'EVENTUAL';

/** The tasks whose jobs complete what a call has begun. */
export const SETTLE_ORDER = 'tandem_settle_order';
export const SETTLE_USER = 'tandem_settle_user';

/**
 * For how long whoever settles an order has it alone, in seconds: others wait for so long when a process dies. Who takes
 * longer loses it to the next who wants it.
 */
export const LEASE = 3;

/** When a worker completes what a call has left, in seconds. */
export const RECOVERY_DELAY = 3;

/** How long a call tries to come to an end in MongoDB before it answers OUTCOME_PENDING, in milliseconds. */
export const CALL_PATIENCE = 5_000;

/** How long a change of an order waits for the amount of its transaction, in milliseconds. */
export const AMOUNT_PATIENCE = 1_500;

/** When a worker brings an amount that a change has left, in seconds. */
export const AMOUNT_DELAY = 2;

/** How old an order may be, in seconds, to be completed; an older one is taken back: nobody waits for it any more. */
export const FORWARD_PATIENCE = 60;

/** A user's orders are counted so far before it is deleted: beyond that a client is told only that there are more. */
export const COUNTED_ORDERS = 1_000;

/** The steps of the protocol between which a process may die. */
export type Step =
  | 'orderInserted'
  | 'transactionRecorded'
  | 'orderCompleted'
  | 'transactionRefused'
  | 'keyTaken'
  | 'orderTakenBack'
  | 'orderChanged'
  | 'amountRecorded'
  | 'recordingNoted'
  | 'orderHidden'
  | 'transactionsDeleted'
  | 'orderKept'
  | 'orderDeleted'
  | 'userHeld'
  | 'userDeleted'
  | 'goneNoted'
  | 'copiesEmptied'
  | 'deletionNoted';

/** Called after each step. Only tests have something to do there: they end the process. */
export type OnStep = (step: Step) => void | Promise<void>;
