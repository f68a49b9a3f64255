/**
 * Every error code that leaves the process, with its meaning. `docs/errors.md` lists the same codes; a test holds the
 * two together. What a client reads stands where the code is thrown, for an outcome of a service in its
 * resolver. A code is a promise to clients: it is never renamed and never used for something else.
 */
export const CATALOGUE = {
  BAD_USER_INPUT: 'An argument or input field has a value that is not allowed; `field` names it.',
  NOT_FOUND: 'What a mutation should change or delete does not exist.',
  USER_NOT_FOUND: 'The user that the input names does not exist.',
  USER_UNVERIFIABLE:
    'Whether the user exists cannot be checked now: MongoDB does not answer, or the user is being deleted. Nothing was written.',
  ORDER_NUMBER_TAKEN: 'Another order has this order number.',
  NOT_UNIQUE:
    'Several rows or documents have this id, or the collection could hold several: one of them cannot be written alone. Nothing was written.',
  USER_HAS_ORDERS: 'The user has orders, so it was not deleted; `orders: KEEP` deletes it all the same.',
  CONFLICT: 'The thing was changed since it was read: read it again. Nothing was changed.',
  VALUE_TAKEN: 'The collection takes this value once only, and another has it; `field` names it.',
  WRITE_REFUSED: "The table's or collection's own rules refuse what was to be written. Nothing was written.",
  READ_ONLY: 'The gateway may only read this database: its user or the server takes no writes. Nothing was written.',
  TRANSACTION_FAILED:
    'MongoDB refused its part of a write to both databases, or could not be reached, so the other part was undone: `compensated` is true.',
  OUTCOME_PENDING:
    'A write to both databases is in progress, and will be completed or undone by itself: ask again, with the same key.',
  VALUE_UNREADABLE: 'What is stored there cannot be shown as the type that the graph promises; the rest is served.',
  SYNC_UNAVAILABLE:
    'Users cannot be copied to PostgreSQL: MongoDB is a single server without a replica set, which has no snapshots.',
  UNAUTHENTICATED: 'The request does not say who asks, by a token that can be checked and is still good.',
  FORBIDDEN: 'Who asks may not read or do this.',
  IDENTITY_UNAVAILABLE: 'The keys by which tokens are checked cannot be had now; try again later.',
  HOST_REFUSED:
    'The request names another host than this machine, which alone is served where anybody may ask: set an identity provider, or AUTH=none.',
  PERSISTED_OPERATION_UNKNOWN: 'Only the operations of a manifest are answered here, and this is none of them.',
  OPERATION_TOO_LARGE:
    'The operation exceeds a limit, which `limit` names, or the request has too many operations. Nothing was run.',
  OPERATION_TOO_COSTLY: 'The operation may read more rows (`cost`) than one may (`limit`). Nothing was run.',
  OUTCOME_UNKNOWN: 'The connection broke during a write: look whether it was done before you try again.',
  POSTGRES_UNAVAILABLE: 'PostgreSQL does not answer; try again later.',
  MONGO_UNAVAILABLE: 'MongoDB does not answer; try again later.',
  DEADLINE_EXCEEDED:
    'The operation took longer than it may: what it still waited for was cancelled in the databases, the rest is served.',
  RATE_LIMITED: 'More requests in a minute than one may make; the header `retry-after` says when to come again.',
  OVERLOADED: 'The gateway has more to do than it can; the header `retry-after` says when to come again.',
  INTERNAL_SERVER_ERROR: 'A fault on our side; the log has its details under `logId`.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof CATALOGUE;

const RETRYABLE: ReadonlySet<string> = new Set<ErrorCode>([
  'POSTGRES_UNAVAILABLE',
  'MONGO_UNAVAILABLE',
  'USER_UNVERIFIABLE',
  'DEADLINE_EXCEEDED',
  'RATE_LIMITED',
  'OVERLOADED',
  'IDENTITY_UNAVAILABLE',
]);

/** Whether the same call, made again later, may succeed, and nothing was done by this one. */
export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.has(code);
}
