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
