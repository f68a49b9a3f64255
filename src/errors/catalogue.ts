/**
 * Every error code that leaves the process, with its meaning. `docs/errors.md` lists the same codes; a test holds the
 * two together. A code is a promise to clients: it is never renamed and never used for something else.
 */
export const CATALOGUE = {
  BAD_USER_INPUT: 'An argument or input field has a value that is not allowed; `field` names it.',
  USER_NOT_FOUND: 'The user that the input names does not exist.',
  USER_UNVERIFIABLE: 'Whether the user exists cannot be found out now: MongoDB does not answer. Nothing was written.',
  ORDER_NUMBER_TAKEN: 'Another order has this order number.',
  OUTCOME_UNKNOWN: 'The connection broke during a write: look whether it was done before you try again.',
  POSTGRES_UNAVAILABLE: 'PostgreSQL does not answer; try again later.',
  MONGO_UNAVAILABLE: 'MongoDB does not answer; try again later.',
  INTERNAL_SERVER_ERROR: 'A fault on our side; the log has its details under `logId`.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof CATALOGUE;
