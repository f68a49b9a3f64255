/**
 * The row of any key, or null where there is none. Rows are matched by `keyOf`, never by position; of two rows with one
 * key the first wins, and a row whose key is null is nobody's.
 */
export function alignToKeys<R>(rows: readonly R[], keyOf: (row: R) => string | null): (key: string) => R | null {
  const byKey = new Map<string, R>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== null && !byKey.has(key)) byKey.set(key, row);
  }
  return (key) => byKey.get(key) ?? null;
}
