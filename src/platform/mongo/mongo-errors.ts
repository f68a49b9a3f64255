import mongoose from 'mongoose';
import { AppError, outcomeUnknown, readOnly, writeRefused } from '../../errors/app-error.js';
import { CATALOGUE } from '../../errors/codes.js';

const { mongo } = mongoose;

/**
 * Server errors that mean "not now", and of a router that a server behind it has not answered: the time limit, a server
 * that is shutting down or has lost its place, a conflict, a connection within the cluster.
 */
const NOT_NOW = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  46, // LockBusy
  50, // MaxTimeMSExpired
  64, // WriteConcernFailed
  89, // NetworkTimeout
  91, // ShutdownInProgress
  112, // WriteConflict
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  239, // SnapshotTooOld
  246, // SnapshotUnavailable
  262, // ExceededTimeLimit
  317, // ConnectionPoolExpired
  9001, // SocketException
  10058, // LegacyNotPrimary
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11601, // Interrupted
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);

/** What the driver throws when there is no server, no connection, or no answer in time. */
const OUT_OF_REACH = [
  mongo.MongoNetworkError,
  mongo.MongoSystemError,
  mongo.MongoNotConnectedError,
  mongo.MongoTopologyClosedError,
  mongo.MongoOperationTimeoutError,
  mongo.MongoClientClosedError,
  mongoose.Error.MongooseServerSelectionError,
];

/** Classes that the driver keeps to itself. */
const POOL_ERRORS = new Set(['MongoPoolClosedError', 'MongoWaitQueueTimeoutError']);

/** What the driver throws, in the words of the catalogue where it means that MongoDB is away; else as it came. */
export function translated(error: unknown): unknown {
  return isUnavailable(error) ? unavailable(error) : error;
}

/** The same for a write: rules of the collection's own may have refused it, and a broken one may have been done. */
export function translatedWrite(what: string, error: unknown, sent: boolean): unknown {
  // The document is there, and may be taken back when another server becomes the primary.
  if (error instanceof mongo.MongoWriteConcernError) return outcomeUnknown(what, error);
  if (hasServerCode(error, UNAUTHORIZED)) return readOnly(what, error);
  if (hasServerCode(error, DOCUMENT_VALIDATION_FAILURE, NOT_SUPPORTED_ON_VIEW)) return writeRefused(what, error);
  // Nobody waits for the driver any more when its time is up, and what it has not sent by then it may send later.
  const mayHaveRun = error instanceof AppError && (sent || isDeadline(error.cause));
  return mayHaveRun ? outcomeUnknown(what, error.cause) : error;
}

export function unavailable(cause: unknown): AppError {
  if (!isPoolExhausted(cause)) return new AppError('MONGO_UNAVAILABLE', CATALOGUE.MONGO_UNAVAILABLE, { cause });
  const message = 'every connection to MongoDB is in use; try again';
  return new AppError('MONGO_UNAVAILABLE', message, { cause, details: { reason: 'POOL_EXHAUSTED' } });
}

/** Whether others had every connection for as long as one was waited for. Nothing was sent. */
function isPoolExhausted(error: unknown): boolean {
  return error instanceof mongo.MongoError && error.name === 'MongoWaitQueueTimeoutError';
}

/** Whether an error says that MongoDB cannot be asked, rather than that the question was wrong. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) {
    return error.hasErrorLabel('RetryableWriteError') || (typeof error.code === 'number' && NOT_NOW.has(error.code));
  }
  if (OUT_OF_REACH.some((type) => error instanceof type)) return true;
  // What a socket says by itself reaches us as it is when it breaks while it is written to.
  if (error instanceof Error && 'syscall' in error) return true;
  if (error instanceof mongo.MongoError && POOL_ERRORS.has(error.name)) return true;
  return isDeadline(error);
}

/** Whether it is the deadline that every command gets. */
function isDeadline(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

const DUPLICATE_KEY = 11_000;
const UNAUTHORIZED = 13;
const DOCUMENT_VALIDATION_FAILURE = 121;
const NOT_SUPPORTED_ON_VIEW = 166;

/** The field whose value a unique index refused because another document has it; null for any other error. */
export function takenField(error: unknown): string | null {
  if (!(error instanceof mongo.MongoServerError) || error.code !== DUPLICATE_KEY) return null;
  return Object.keys((error as { keyPattern?: object }).keyPattern ?? {})[0] ?? 'value';
}

function hasServerCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof mongo.MongoServerError && codes.some((code) => code === error.code);
}
