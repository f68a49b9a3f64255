import { isRowRefused, isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import { LEFT_OUT, without, type CopyBatch, type CopyRow } from './copy-batch.js';

/**
 * Writes a batch, each call of `write` in a transaction of its own: whole where that goes, else in halves, down to the
 * row that the table refuses, of which as much is written as it takes. One odd row keeps no other from being copied.
 *
 * @param write what fails with an error that says that a row was refused has written nothing
 * @param onRefused told of a row of which not even the id was taken
 * @returns what the last call of `write` gave
 */
export async function writeInParts<T>(
  batch: CopyBatch,
  write: (part: CopyBatch, isLast: boolean) => Promise<T>,
  onRefused: (id: string, error: unknown) => void,
): Promise<T> {
  const parts = [batch];
  for (;;) {
    const part = parts.shift() ?? { ...batch, rows: [] };
    const isLast = parts.length === 0;
    try {
      const result = await write(part, isLast);
      if (isLast) return result;
    } catch (error) {
      if (!isRowRefused(error)) throw error;
      const [row, ...others] = part.rows;
      if (row === undefined) throw error;
      if (others.length > 0) {
        const half = Math.ceil(part.rows.length / 2);
        parts.unshift({ ...part, rows: part.rows.slice(0, half) }, { ...part, rows: part.rows.slice(half) });
        continue;
      }
      const result = await lesser(row, error, (lesserRow) => write({ ...part, rows: [lesserRow] }, isLast));
      if (result === null) {
        onRefused(row.id, error);
        // What belongs to the end is written all the same.
        if (isLast) return write({ ...part, rows: [] }, true);
      } else if (isLast) return result.written;
    }
  }
}

async function lesser<T>(
  row: CopyRow,
  refusal: unknown,
  write: (row: CopyRow) => Promise<T>,
): Promise<{ readonly written: T } | null> {
  let isTaken = isUniqueViolation(refusal);
  if (isTaken) {
    // Somebody else may have copied the same user at the same time: then the row is there by now, and is changed.
    const written = await unlessRefused(() => write(row));
    if (written !== null) return written;
  }
  for (const names of LEFT_OUT) {
    if (names.every((name) => row[name] === null)) continue;
    try {
      return { written: await write(without(row, names, isTaken)) };
    } catch (error) {
      if (!isRowRefused(error)) throw error;
      // Of a row that was without its address, the refusal tells nothing about it.
      if (!names.includes('email')) isTaken ||= isUniqueViolation(error);
    }
  }
  return null;
}

async function unlessRefused<T>(write: () => Promise<T>): Promise<{ readonly written: T } | null> {
  try {
    return { written: await write() };
  } catch (error) {
    if (!isRowRefused(error)) throw error;
    return null;
  }
}
