import mongoose from 'mongoose';

const { mongo } = mongoose;

/** Server errors that mean "not now": the time limit, and a server that is shutting down or has lost its place. */
const NOT_NOW = new Set([
  50, // MaxTimeMSExpired
  91, // ShutdownInProgress
  189, // PrimarySteppedDown
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);

/** Whether an error says that MongoDB cannot be asked, rather than that the question was wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) return typeof error.code === 'number' && NOT_NOW.has(error.code);
  if (error instanceof mongo.MongoAPIError) {
    return error instanceof mongo.MongoNotConnectedError || error instanceof mongo.MongoTopologyClosedError;
  }
  if (error instanceof mongo.MongoError || error instanceof mongoose.Error.MongooseServerSelectionError) return true;
  // The reason of AbortSignal.timeout.
  return error instanceof DOMException && error.name === 'TimeoutError';
}
