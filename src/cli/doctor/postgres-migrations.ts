import { SOURCES } from '../../domains/catalogue.js';
import { migrationState, type Migration, type MigrationState } from '../../platform/postgres/migrations.js';
import { columnsToCome } from '../columns-to-come.js';
import { guarded, failure, ok, warning, type Check } from './check.js';
import { readingOnly } from './postgres-connection.js';
import { reasonOf } from './reason.js';
import { counted, list } from './words.js';

const OURS = SOURCES.filter(({ database }) => database === 'postgres');
const ID = 'postgres.migrations';

/** What is to be migrated, or why that cannot be seen. */
export interface Migrations extends MigrationState {
  readonly hidden: readonly Check[];
}

const UNKNOWN = { pending: [], failedElsewhere: [] };

/** Looks at what Prisma's table says was applied. */
export async function seeMigrations(url: string): Promise<Migrations> {
  let state: MigrationState = UNKNOWN;
  const hidden = await guarded(ID, async () => {
    try {
      state = await migrationState(readingOnly(url));
      return [];
    } catch (error) {
      if (!/permission denied for table _prisma_migrations/.test(reasonOf(error))) throw error;
      const message = 'whether migrations are to be applied cannot be seen: this user may not read _prisma_migrations';
      const grant = 'GRANT SELECT ON "_prisma_migrations" TO the user of DATABASE_URL';
      return [warning(ID, message, `nothing, where all is served; else as its owner: ${grant}`)];
    }
  });
  return { ...state, hidden };
}

/**
 * @param missing tables and columns that are not there
 * @param isRefused whether tables have to be mended first
 */
export function migrationChecks(
  { pending, failedElsewhere, hidden }: Migrations,
  own: boolean,
  missing: readonly string[],
  isRefused: boolean,
): readonly Check[] {
  if (hidden.length > 0) return hidden;
  const elsewhere = failedElsewhere.map((name) =>
    warning(
      ID,
      `the migration ${name} of another project has failed in this database, and Prisma goes no further`,
      `in that project: npx prisma migrate resolve --rolled-back ${name}`,
      { failedElsewhere: name },
    ),
  );
  return [pendingCheck(pending, own, missing, isRefused), ...elsewhere];
}

function pendingCheck(
  pending: readonly Migration[],
  own: boolean,
  missing: readonly string[],
  isRefused: boolean,
): Check {
  const names = pending.map(({ name }) => name);
  const toCome = columnsToCome(pending);
  const isTables = (name: string) => OURS.some(({ from }) => name === from || name.startsWith(`${from}.`));
  // What no source reads is for writes, and migrations bring it.
  const lacking = missing.filter(
    (name) => OURS.some(({ from }) => from === name) || toCome.has(name) || !isTables(name),
  );
  const data = { pending: names, lacking };
  if (names.length === 0) return ok(ID, 'no migration is to be applied', data);
  const message = `${counted(names.length, 'migration')} to be applied: ${names.join(', ')}`;
  if (!own) return warning(ID, message, 'npm start (it migrates embedded databases by itself)', data);
  const first = isRefused ? 'first mend what is named below; then ' : '';
  const remedy = `${first}npm run migrate -- --dry-run (shows the SQL), and npm run migrate`;
  if (lacking.length === 0) return warning(ID, message, remedy, data);
  return failure(ID, `${message}; without them the graph lacks ${list(lacking)}`, remedy, data);
}
