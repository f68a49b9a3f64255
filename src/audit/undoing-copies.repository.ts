import { heldPerson, keepsOnlyIds } from '../ordering/kept-rows.js';
import { quoted } from '../platform/postgres/columns.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { differing, wholeTable } from '../platform/postgres/whole-rows.js';
import {
  ABSENT,
  ALREADY_THERE,
  BROUGHT_BACK,
  CHANGED,
  ERASED,
  left,
  PLANNED,
  rowNow,
  type KeptRow,
  type Undone,
} from './undoing.js';

/** Brings copies of users back as a repair kept them, where no other program has written since. */
export class UndoingCopies {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Gives the copy of a user what it had, where it is still as the repair left it; one that was not there goes again.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async copy({ key, before, after, isErased }: KeptRow, isDry: boolean): Promise<Undone> {
    const postgres = this.#postgres;
    if (isErased) return left(ERASED);
    const users = await wholeTable(postgres, 'users');
    const now = await rowNow(this.#postgres, users, '"id"::text = $1::text', key);
    if (now === null) return before === null ? ALREADY_THERE : left(ABSENT);
    if (before !== null && differing(before, now).length === 0) return ALREADY_THERE;
    if (after === null || differing(after, now).length > 0) return left(CHANGED);
    const person = '"users"."mongoId"';
    const isStill = `"users"."id"::text = $1::text AND ${users.texts} = $2::text::jsonb AND NOT ${keepsOnlyIds(person)}`;
    if (before === null) {
      const [others] = await postgres.query(REFERRED);
      if (others?.['isReferred'] === true) return left('other tables refer to users: delete the copy yourself');
      if (isDry) return PLANNED;
    } else {
      const lost = users.lost(before);
      if (lost.length > 0) return left(`users has no ${lost.map(quoted).join(', ')} any more`);
      if (isDry) return PLANNED;
    }
    const changed = before === null ? [] : differing(after, before);
    const values = users.columns
      .filter(({ name, isComputed }) => changed.includes(name) && !isComputed)
      .map((column) => `${quoted(column.name)} = ${users.valueOf(column, '$3::text::jsonb')}`);
    const sql =
      before === null
        ? `DELETE FROM "users" WHERE ${isStill} RETURNING 1`
        : `UPDATE "users" SET ${values.join(', ')} WHERE ${isStill} RETURNING 1`;
    const results = await postgres.transaction('bringing a copy back', [
      heldPerson(now['mongoId'] ?? ''),
      { sql, parameters: [key, JSON.stringify(after), ...(before === null ? [] : [JSON.stringify(before)])] },
    ]);
    return (results.at(-1) ?? []).length > 0 ? BROUGHT_BACK : left(CHANGED);
  }
}

/** Whether deleting a row of `users` may take rows of other tables along. */
const REFERRED = `SELECT EXISTS (
    SELECT FROM pg_constraint WHERE "confrelid" = '"users"'::regclass AND "contype" = 'f')
  OR EXISTS (
    SELECT FROM pg_trigger WHERE "tgrelid" = '"users"'::regclass AND NOT "tgisinternal" AND ("tgtype" & 8) <> 0)
  AS "isReferred"`;
