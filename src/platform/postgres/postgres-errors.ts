import { AppError, isAppError, outcomeUnknown, readOnly, writeRefused } from '../../errors/app-error.js';
import { CATALOGUE } from '../../errors/codes.js';

/**
 * What Prisma's adapter calls the ways in which PostgreSQL is out of reach; that a new connection is refused, once others
 * were not, too: while a password is changed, it passes.
 */
const UNREACHABLE_KINDS = new Set([
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
]);

/** SQLSTATEs that mean "not now". Classes 08 (connection exceptions) and 53 (no room) are added below. */
const NOT_NOW = new Set([
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '40001', // serialization_failure
  '40003', // statement_completion_unknown
  '40P01', // deadlock_detected
  '55P03', // lock_not_available: the lock timeout
  '57014', // query_canceled: the statement timeout
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
]);

/** What the driver itself says, without a code, when a connection or an answer does not come. */
const DRIVER_MESSAGES =
  /timeout exceeded when trying to connect|timeout expired|connection terminated|query read timeout|socket hang up|is not queryable/i;

/** What Prisma says when no connection is free for a transaction in time, or one took too long and was rolled back. */
const TRANSACTION_REFUSED = 'P2028';

/** What the driver throws, in the words of the catalogue where it means that PostgreSQL is away; else as it came. */
export function translated(error: unknown): unknown {
  return isUnavailable(error) ? unavailable(error) : error;
}

export function unavailable(cause: unknown): AppError {
  if (!isPoolExhausted(cause)) return new AppError('POSTGRES_UNAVAILABLE', CATALOGUE.POSTGRES_UNAVAILABLE, { cause });
  const message = 'every connection to PostgreSQL is in use; try again';
  return new AppError('POSTGRES_UNAVAILABLE', message, { cause, details: { reason: 'POOL_EXHAUSTED' } });
}

/** Whether others had every connection for as long as one was waited for. Nothing was sent. */
function isPoolExhausted(error: unknown): boolean {
  return (
    error instanceof Error &&
    /timeout exceeded when trying to connect|unable to start a transaction in/i.test(error.message)
  );
}

/** Whether a connection is there, and has not answered within its `query_timeout`. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && /query read timeout/i.test(error.message);
}

/** The same for a write: rules of the table's own may have refused it, and a broken one may have been done. */
export function translatedWrite(what: string, error: unknown, sent: boolean): unknown {
  if (READ_ONLY.has(sqlStateOf(error))) return readOnly(what, error);
  if (isRefusedByRules(error)) return writeRefused(what, error);
  const mayHaveRun = error instanceof AppError && sent && !wasUndone(error.cause);
  return mayHaveRun ? outcomeUnknown(what, error.cause) : error;
}

/** Whether an error says that PostgreSQL cannot be asked, rather than that the question was wrong. */
function isUnavailable(error: unknown): boolean {
  const cause = adapterCause(error);
  if (cause === undefined) return error instanceof Error && (isDriverFailure(error) || hasPrismaCode(error));
  return UNREACHABLE_KINDS.has(cause.kind ?? '') || isNotNow(sqlStateOf(error));
}

function hasPrismaCode(error: Error): boolean {
  return 'code' in error && error.code === TRANSACTION_REFUSED;
}

/** Whether the server itself stopped the statement, and so undid it. */
function wasUndone(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  return UNDONE.has(sqlState) || sqlState.startsWith('53');
}

const UNDONE = new Set(['40001', '40P01', '55P03', '57014']);

/** The server is a standby or told to only read; or its user may. */
const READ_ONLY = new Set([
  '25006', // read_only_sql_transaction
  '42501', // insufficient_privilege
]);

/** Whether PostgreSQL refused a read because of who asks. */
export function isReadRefused(error: unknown): boolean {
  return sqlStateOf(error) === '42501';
}

const UNIQUE_VIOLATION = '23505';

/** Whether an error says that a unique constraint refused the row. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === UNIQUE_VIOLATION;
}

/**
 * Whether the table's own rules refused a write: a column's size, a constraint, a view that takes none, a trigger, which
 * may say so by any code. What we send is sound, so all that a server refuses is that, but for a connection that it refuses
 * (28, 3D) or ends (57), a statement that does not fit the tables (42) or the session (25, 26), a fault of the server's (58,
 * XX) and what has a code of its own.
 */
function isRefusedByRules(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  if (!/^[0-9A-Z]{5}$/.test(sqlState) || isUniqueViolation(error) || isNotNow(sqlState)) return false;
  return !/^(?:25|26|28|3D|42|57|58|XX)/.test(sqlState) || RULES_OF_42.has(sqlState);
}

const RULES_OF_42 = new Set([
  '42809', // wrong_object_type
  '428C9', // generated_always
]);

/**
 * Whether an error says that a value could not be read, cast or computed (SQLSTATE class 22): without the row that holds
 * it, the statement would have passed.
 */
export function isDataError(error: unknown): boolean {
  return sqlStateOf(error).startsWith('22');
}

/** object_not_in_prerequisite_state: the table takes no such statement, whatever the row holds. */
const NOT_IN_STATE = '55000';

/** Whether the table refused a row for what it holds: a constraint, a value's size, a trigger. Nothing was written. */
export function isRowRefused(error: unknown): boolean {
  const cause = isAppError(error, 'WRITE_REFUSED') ? error.cause : error;
  return sqlStateOf(cause) !== NOT_IN_STATE && (isUniqueViolation(cause) || isRefusedByRules(cause));
}

function sqlStateOf(error: unknown): string {
  const cause = adapterCause(error);
  return cause?.originalCode ?? cause?.code ?? ownSqlState(error);
}

/** Of an error of the driver's own, where Prisma is not between. */
function ownSqlState(error: unknown): string {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && severity !== undefined ? code : '';
}

/** What Prisma's adapter keeps of the driver's error. */
export interface AdapterCause {
  readonly kind?: string;
  readonly code?: string;
  readonly originalCode?: string;
  readonly originalMessage?: string;
  readonly column?: string;
  readonly constraint?: { readonly index?: string };
}

/** Prisma keeps what its adapter was told under `meta`, whatever code of its own it puts on top. */
export function adapterCause(error: unknown): AdapterCause | undefined {
  const { name, cause, meta } = error as Partial<Error> & { meta?: { driverAdapterError?: { cause?: AdapterCause } } };
  // Of a COMMIT the adapter's own error comes as it is.
  return name === 'DriverAdapterError' ? (cause as AdapterCause) : meta?.driverAdapterError?.cause;
}

/** The driver's own errors: a system's code (ECONNREFUSED), an SQLSTATE, or a message alone. */
function isDriverFailure(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^E[A-Z]{3,}$/.test(code) || isNotNow(code) || DRIVER_MESSAGES.test(error.message);
}

function isNotNow(sqlState: string): boolean {
  return NOT_NOW.has(sqlState) || /^(?:08|53)/.test(sqlState);
}
