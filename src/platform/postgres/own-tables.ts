/** Our own tables: what was asked for under which key, who is being deleted, and which keys tombstones hold. */
export const KEYS = '"tandem_idempotency_keys"';
export const DELETIONS = '"tandem_user_deletions"';
export const TOMBSTONES = '"tandem_tombstones"';
