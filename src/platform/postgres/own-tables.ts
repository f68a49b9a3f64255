/** Our own tables: what was asked for under which key, who is being deleted, and which keys tombstones hold. */
export const KEYS = '"tandem_idempotency_keys"';
export const DELETIONS = '"tandem_user_deletions"';
export const TOMBSTONES = '"tandem_tombstones"';

/** What repairs have done, one entry for each act, and the rows as they were before. */
export const REPAIRS = '"tandem_repairs"';
export const KEPT_ROWS = '"tandem_kept_rows"';

/**
 * The `deletedAt` of a user who is gone from MongoDB while a job still empties copies in PostgreSQL. It is later than any
 * time, so that the row outlives all who remove old ones.
 */
export const BEING_EMPTIED = `'infinity'::timestamptz`;

/** Whether a row of {@link DELETIONS} has a job to be done: the user is there yet, or copies are. */
export function isUnfinished(deletedAt = '"deletedAt"'): string {
  return `(${deletedAt} IS NULL OR ${deletedAt} = ${BEING_EMPTIED})`;
}

/** Whether nothing but ids may be written of a row's user any more: MongoDB has deleted it, and it is to be erased. */
export const IS_ERASED = `("erases" AND "deletedAt" IS NOT NULL)`;
