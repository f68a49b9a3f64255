/**
 * One slot for each key, in key order; a key with no row gets null, never a shorter array. Rows are matched by
 * `keyOf`, never by position; of two rows with one key the first wins, and a row whose key is null is left out.
 */
export function alignToKeys<R>(
  keys: readonly string[],
  rows: readonly R[],
  keyOf: (row: R) => string | null,
): (R | null)[] {
  const byKey = new Map<string, R>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== null && !byKey.has(key)) byKey.set(key, row);
  }
  return keys.map((key) => byKey.get(key) ?? null);
}
