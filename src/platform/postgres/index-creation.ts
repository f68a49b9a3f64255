import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectionConfig } from './connection.js';
import { createStatement, indexName, missingIndexes, type NeededIndex } from './indexes.js';
import { quoted } from './columns.js';
import { MigrationError } from '../migration-error.js';

/** How long a connection, and the transactions that a new index has to wait for, are waited for, in milliseconds. */
const CONNECT_TIMEOUT = 5_000;
const LOCK_TIMEOUT = 120_000;

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
    ...connectionConfig(url),
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
  const usual = indexName(index);
  const { rows } = await client.query<Row>(NAMESAKE, [usual]);
  const [namesake] = rows;
  const isLeftOver = namesake?.['valid'] === false && namesake['table'] === index.table;
  if (isLeftOver) await client.query(`DROP INDEX CONCURRENTLY ${quoted(usual)}`);
  const name = namesake === undefined || isLeftOver ? usual : `tandem_${usual}`.slice(0, 63);
  const statement = createStatement(index, name);
  try {
    await client.query(statement);
  } catch (error) {
    await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${quoted(name)}`).catch(() => undefined);
    throw MigrationError.of(error, statement);
  }
}

/** What has the name already; indexes share their names with tables. */
const NAMESAKE = `
  SELECT i.indisvalid AS valid, t.relname AS "table"
  FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
  WHERE pg_table_is_visible(c.oid) AND c.relname = $1`;
