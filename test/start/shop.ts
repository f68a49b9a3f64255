import { afterAll, beforeAll, beforeEach } from 'vitest';
import { inMongo } from '../platform/embedded-support.js';
import { sql } from '../support/rows.js';
import { startServers, type Servers } from '../support/servers.js';

/** Two databases of somebody's own, empty for each test. */
export interface Shop {
  /** Where they are: settings for the commands. */
  readonly settings: { readonly DATABASE_URL: string; readonly MONGODB_URI: string };
  /** Runs statements in PostgreSQL and gives the last one's rows. */
  readonly sql: (...statements: string[]) => Promise<Record<string, unknown>[]>;
  readonly collections: () => Promise<string[]>;
  /** Everything that a command could change in PostgreSQL: tables, columns, indexes, and how many rows there are. */
  readonly catalogue: () => Promise<unknown>;
}

const CATALOGUE = `
  SELECT c.relname, c.relkind, (SELECT json_agg(a ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid) AS columns,
    CASE WHEN c.relkind = 'r' THEN (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]::text END AS count
  FROM pg_class c WHERE c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information_schema$')
  ORDER BY 1`;

/** Servers for the test file that calls it; each of its tests has fresh databases on them. */
export function useShop(): Shop {
  let servers: Servers;
  let shops = 0;
  let settings: Shop['settings'];
  beforeAll(async () => {
    servers = await startServers();
  });
  afterAll(() => servers.stop());
  beforeEach(async () => {
    shops += 1;
    const pathname = `shop_${shops}`;
    await sql(servers.postgresUrl, `CREATE DATABASE ${pathname}`);
    settings = {
      DATABASE_URL: Object.assign(new URL(servers.postgresUrl), { pathname }).href,
      MONGODB_URI: Object.assign(new URL(servers.mongoUrl), { pathname }).href,
    };
  });
  return {
    get settings() {
      return settings;
    },
    sql: (...statements) => sql(settings.DATABASE_URL, ...statements),
    collections: () =>
      inMongo(settings.MONGODB_URI, async (db) => (await db.listCollections().toArray()).map(({ name }) => name)),
    catalogue: () => sql(settings.DATABASE_URL, CATALOGUE),
  };
}
