import { afterEach, beforeEach, inject } from 'vitest';
import { freshName, onServer } from './databases.js';
import { withDatabase } from './global-setup.js';

/** Where a test's databases are, of which PostgreSQL's has no table yet. */
export interface EmptyDatabases {
  /** Names the database in PostgreSQL, and the one in MongoDB. */
  readonly name: string;
  readonly databaseUrl: string;
  readonly mongodbUri: string;
}

/** A database in PostgreSQL that nothing was migrated in, and one in MongoDB, anew for each test of the file that calls it. */
export function useEmptyDatabases(): EmptyDatabases {
  let name = '';
  beforeEach(async () => {
    name = freshName();
    await onServer((client) => client.query(`CREATE DATABASE ${name}`));
  });
  // Without FORCE: a connection that a command has left open fails this.
  afterEach(() => onServer((client) => client.query(`DROP DATABASE ${name}`)));
  return {
    get name() {
      return name;
    },
    get databaseUrl() {
      return withDatabase(inject('postgresUrl'), name);
    },
    get mongodbUri() {
      return withDatabase(inject('mongoUrl'), name);
    },
  };
}
