import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import type { PageRequest } from '../../src/join/page.js';
import type { Source } from '../../src/join/source.js';
import { createLogger } from '../../src/platform/logger.js';
import { connectionConfig } from '../../src/platform/postgres/connection.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { PostgresSourceReader } from '../../src/platform/postgres/source-reader.js';
import { TEMPLATE, withDatabase } from '../support/global-setup.js';

/** A migrated PostgreSQL database of a test file's own, its reader as the gateway has it, and a connection beside it. */
export class PostgresFixture {
  readonly name = `test_${randomBytes(6).toString('hex')}`;
  readonly url = withDatabase(inject('postgresUrl'), this.name);
  #opened: { readonly database: PostgresDatabase; readonly client: pg.Client } | undefined;

  async open(): Promise<void> {
    await this.#onServer(`CREATE DATABASE ${this.name} TEMPLATE ${TEMPLATE}`);
    const client = new pg.Client(connectionConfig(this.url));
    await client.connect();
    this.#opened = { client, database: await PostgresDatabase.open({ url: this.url, logger: createLogger('silent') }) };
  }

  async close(): Promise<void> {
    await this.#opened?.client.end();
    await this.#opened?.database[Symbol.asyncDispose]();
    await this.#onServer(`DROP DATABASE ${this.name} WITH (FORCE)`);
  }

  get database(): PostgresDatabase {
    return this.#open().database;
  }

  /** Runs `work` on connections of another role. */
  async as<T>(role: string, work: (database: PostgresDatabase) => Promise<T>): Promise<T> {
    const url = new URL(this.url);
    url.searchParams.set('options', `-c role=${role}`);
    await using database = await PostgresDatabase.open({ url: url.href, logger: createLogger('silent') });
    return await work(database);
  }

  get reader(): PostgresSourceReader {
    return new PostgresSourceReader((sql, ...parameters) => this.database.query(sql, ...parameters));
  }

  async sql(text: string, parameters: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.#open().client.query<Record<string, unknown>>(text, parameters)).rows;
  }

  /** How PostgreSQL would run what a reader is asked, if it had to do without sequential scans. */
  async explain(ask: (reader: PostgresSourceReader) => Promise<unknown>): Promise<string> {
    const plans: string[] = [];
    await this.sql('SET enable_seqscan = off');
    await ask(
      new PostgresSourceReader(async (sql, ...parameters) => {
        const rows = await this.sql(`EXPLAIN (COSTS OFF) ${sql}`, parameters);
        plans.push(...rows.map((row) => String(row['QUERY PLAN'])));
        return [];
      }),
    );
    return plans.join('\n');
  }

  #open() {
    if (this.#opened === undefined) throw new Error('the database is there once the tests run');
    return this.#opened;
  }

  async #onServer(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: inject('postgresUrl') });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

/** A database for the test file that calls it; dropped after its tests. */
export function usePostgres(): PostgresFixture {
  const postgres = new PostgresFixture();
  beforeAll(() => postgres.open());
  afterAll(() => postgres.close());
  return postgres;
}

export const ADA = 'abcdef0123456789abcdef01';
export const BOB = '000000000000000000000001';

/** Puts an order of a user at a time into the database. */
export async function order(postgres: PostgresFixture, userId: string, createdAt: string): Promise<void> {
  await postgres.sql(
    `INSERT INTO orders ("id", "userId", "orderNumber", "total", "createdAt") VALUES ($1, $2, $3, 10, $4)`,
    [randomUUID(), userId, randomUUID(), createdAt],
  );
}

/** The first page of all rows in the source's own order, unless something else is said. */
export function asked({ orderBy }: Source, more: Partial<PageRequest> = {}): PageRequest {
  const fields = new Set(['id']);
  return { fields, where: null, limit: 50, backward: false, after: null, before: null, orderBy, ...more };
}
