import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectionConfig } from './connection.js';
import { createStatement, indexName, missingIndexes, type NeededIndex } from './indexes.js';
import { quoted } from './columns.js';
import { MigrationError } from '../migration-error.js';

/** How long a connection, and the transactions that a new index has to wait for, are waited for, in milliseconds. */
const CONNECT_TIMEOUT = 5_000;
const LOCK_TIMEOUT = 120_000;

/** How long dropping what a failed creation has left may wait; the next creation would drop it as well. */
const CLEANING_TIMEOUT = 5_000;

type Row = Record<string, unknown>;

/** Any number that nobody else locks by. */
const LOCK = 7_301_426;

/**
 * Creates indexes that are not there, one after the other, while others read and write the tables. What an attempt that
 * was cut short has left (PostgreSQL keeps such an index and calls it invalid) is dropped first.
 *
 * @throws {MigrationError} that says which index could not be created, and why; nothing of it is left
 */
export async function createIndexes(url: string, indexes: readonly NeededIndex[]): Promise<void> {
  if (indexes.length === 0) return;
  const client = new pg.Client({
    // It takes as long as it takes, whatever the role's own limit is.
    ...connectionConfig(url, ['statement_timeout=0']),
    application_name: 'tandem migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    lock_timeout: LOCK_TIMEOUT,
  });
  // A connection that breaks fails the statement on it; unheard, the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await takeTurn(client);
    const query = async (sql: string, ...parameters: unknown[]) => (await client.query<Row>(sql, parameters)).rows;
    // Another "npm run migrate" may have created one since it was missed.
    for (const index of await missingIndexes({ query }, indexes)) await create(client, index);
  } finally {
    await client.end();
  }
}

/** By asking again: a statement that waited for the lock would be one that the other's new index waits for. */
async function takeTurn(client: pg.Client): Promise<void> {
  const deadline = Date.now() + LOCK_TIMEOUT;
  for (;;) {
    const { rows } = await client.query<{ free: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS free`);
    if (rows[0]?.free === true) return;
    if (Date.now() > deadline) {
      throw new MigrationError('another "npm run migrate" is creating indexes; wait for it, then try again');
    }
    await sleep(500);
  }
}

async function create(client: pg.Client, index: NeededIndex): Promise<void> {
  const name = await freeName(client, index);
  const statement = createStatement(index, name);
  try {
    await client.query(statement);
  } catch (error) {
    const isGone = await dropInvalid(client, index.table, name);
    throw MigrationError.of(
      error,
      statement,
      isGone ? undefined : `An invalid index ${name} is left, which the next "npm run migrate" replaces.`,
    );
  }
}

/** The index's usual name, or another one of ours where something of somebody else's has it. */
async function freeName(client: pg.Client, index: NeededIndex): Promise<string> {
  const usual = indexName(index);
  for (const name of [usual, `tandem_${usual}`.slice(0, 63)]) {
    await dropInvalid(client, index.table, name);
    const { rows } = await client.query(NAMESAKE, [name]);
    if (rows.length === 0) return name;
  }
  throw new MigrationError(`${createStatement(index, usual)} was not tried: something else has its name already`);
}

/** Drops an index of a table under this name if it is invalid, and no other. False where one is left. */
async function dropInvalid(client: pg.Client, table: string, name: string): Promise<boolean> {
  const isInvalid = async () => {
    const { rows } = await client.query<Row>(NAMESAKE, [name]);
    return rows.some((row) => row['valid'] === false && row['table'] === table);
  };
  try {
    if (!(await isInvalid())) return true;
    await client.query(`SET lock_timeout = ${CLEANING_TIMEOUT}`);
    await client.query(`DROP INDEX CONCURRENTLY ${quoted(name)}`);
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT}`);
    return true;
  } catch {
    return false;
  }
}

/** What has a name already; indexes share theirs with tables. */
const NAMESAKE = `
  SELECT i.indisvalid AS valid, t.relname AS "table"
  FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
  WHERE pg_table_is_visible(c.oid) AND c.relname = $1`;
