import type { RepairId } from '../ordering/kept-rows.js';
import { quoted } from '../platform/postgres/columns.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { RowTexts, WholeTable } from '../platform/postgres/whole-rows.js';

/** A row or document as a repair found it. */
export interface KeptRow {
  readonly repairId: RepairId;
  readonly place: 'orders' | 'transactions' | 'users';
  readonly key: string;
  /** Null of a document, and of a row that was not there. */
  readonly before: RowTexts | null;
  /** What the repair left, where that is known. */
  readonly after: RowTexts | null;
  /** Whether the name and address were emptied because the person was erased. */
  readonly isErased: boolean;
}

/** What became of bringing one row back. */
export type Undone =
  | { readonly kind: 'broughtBack'; /** What is not as it was. */ readonly because?: string }
  | { readonly kind: 'alreadyThere' }
  /** A dry run would bring it back. */
  | { readonly kind: 'planned' }
  | { readonly kind: 'left'; readonly because: string };

export const BROUGHT_BACK: Undone = { kind: 'broughtBack' };
export const ALREADY_THERE: Undone = { kind: 'alreadyThere' };
export const PLANNED: Undone = { kind: 'planned' };

export const CHANGED = 'it has changed since the repair';
export const ABSENT = 'it is not there any more';
export const ERASED = 'the person was erased since: only ids are kept';

/** The whole row of a table that meets the condition about `$1`; null where none does. @throws {AppError} POSTGRES_UNAVAILABLE */
export async function rowNow(
  postgres: PostgresDatabase,
  table: WholeTable,
  condition: string,
  key: string,
): Promise<RowTexts | null> {
  const sql = `SELECT ${table.texts} AS "row" FROM ${quoted(table.name)} WHERE ${condition}`;
  const [row] = await postgres.query(sql, key);
  return (row?.['row'] as RowTexts | undefined) ?? null;
}

export function left(because: string): Undone {
  return { kind: 'left', because };
}
