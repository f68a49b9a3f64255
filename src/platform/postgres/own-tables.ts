/** Our own tables: what was asked for under which key, who is being deleted, and which keys tombstones hold. */
export const KEYS = '"tandem_idempotency_keys"';
export const DELETIONS = '"tandem_user_deletions"';
export const TOMBSTONES = '"tandem_tombstones"';

/** What repairs have done, one entry for each act, and the rows as they were before. */
export const REPAIRS = '"tandem_repairs"';
export const KEPT_ROWS = '"tandem_kept_rows"';
