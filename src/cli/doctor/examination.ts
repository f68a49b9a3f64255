import type { ReferenceReader } from '../../audit/reference-reader.js';
import type { Config } from '../../config.js';
import { RELATIONS } from '../../domains/catalogue.js';
import { MongoReferences } from '../../platform/mongo/references.js';
import { PostgresReferences } from '../../platform/postgres/references.js';
import type { Task } from '../../platform/task.js';
import type { Databases } from '../databases.js';
import { guarded, type Check } from './check.js';
import { examineJoins } from './joins.js';
import { openMongo } from './mongo-connection.js';
import { examineMongo } from './mongo-contents.js';
import { openPostgres } from './postgres-connection.js';
import { examinePostgres } from './postgres-contents.js';

/** What looking at a database leaves behind: what to read references with, until it is closed. */
interface Examined {
  readonly checks: readonly Check[];
  readonly references: ReferenceReader | null;
  readonly unreadable: ReadonlySet<string>;
  /** The database's name. */
  readonly name: string;
  readonly nameOf: (collection: string) => string;
  readonly close: () => PromiseLike<void>;
}

const NOTHING: Examined = {
  checks: [],
  references: null,
  unreadable: new Set(),
  name: '',
  nameOf: (collection) => collection,
  close: () => Promise.resolve(),
};

/** Looks at both databases side by side, then at the joins between them. One that cannot be opened ends nothing else. */
export async function examineDatabases(databases: Databases, task: Task): Promise<readonly Check[]> {
  const { databaseUrl, mongodbUri } = databases;
  const [postgres, mongo] = await Promise.all([
    databaseUrl === ''
      ? NOTHING
      : task('Look at PostgreSQL', () => looked('postgres.connection', () => lookAtPostgres(databases))),
    mongodbUri === ''
      ? NOTHING
      : task('Look at MongoDB', () => looked('mongo.connection', () => lookAtMongo(databases))),
  ]);
  try {
    const opened = [['postgres', postgres.references] as const, ['mongo', mongo.references] as const];
    const joins = await examineJoins(
      {
        relations: RELATIONS,
        references: new Map(opened.flatMap(([name, references]) => (references === null ? [] : [[name, references]]))),
        unreadable: { postgres: postgres.unreadable, mongo: mongo.unreadable },
        nameOf: ({ database, from }) => (database === 'mongo' ? mongo.nameOf(from) : from),
        hides: ({ database, from }) => {
          const name = database === 'mongo' ? mongo.nameOf(from) : from;
          const { checks } = database === 'mongo' ? mongo : postgres;
          return checks.some(
            ({ id, status, data }) => id === `${database}.visibility` && status === 'warning' && data['about'] === name,
          );
        },
        databases: { postgres: `DATABASE_URL (${postgres.name})`, mongo: `MONGODB_URI (${mongo.name})` },
      },
      task,
    );
    return [...postgres.checks, ...mongo.checks, ...joins];
  } finally {
    // What does not close in order is closed by the process's end.
    await Promise.allSettled([postgres.close(), mongo.close()]);
  }
}

async function looked(id: string, look: () => Promise<Examined>): Promise<Examined> {
  let examined: Examined = NOTHING;
  const checks = await guarded(id, async () => {
    examined = await look();
    return examined.checks;
  });
  return { ...examined, checks };
}

async function lookAtPostgres({ databaseUrl: url, own }: Databases): Promise<Examined> {
  const { database: postgres, facts, checks } = await openPostgres({ group: 'postgres', url, own: own.postgres });
  if (postgres === null || facts === null) return { ...NOTHING, checks };
  const references = new PostgresReferences((sql, ...parameters) => postgres.query(sql, ...parameters));
  const contents = await examinePostgres({ postgres, url, own: own.postgres, facts, references });
  return {
    ...NOTHING,
    checks: [...checks, ...contents.checks],
    references,
    unreadable: contents.unreadable,
    name: facts.database,
    close: () => postgres[Symbol.asyncDispose](),
  };
}

async function lookAtMongo({ mongodbUri: url, own, collections }: Databases): Promise<Examined> {
  const address = { group: 'mongo', url, own: own.mongo } as const;
  const { database: mongo, checks } = await openMongo(address, collections);
  if (mongo === null) return { ...NOTHING, checks };
  const references = new MongoReferences(mongo);
  const contents = await examineMongo({ mongo, address, collections, references });
  return {
    ...NOTHING,
    checks: [...checks, ...contents.checks],
    references,
    unreadable: contents.unreadable,
    name: mongo.connection.name,
    nameOf: (collection) => mongo.nameOf(collection),
    close: () => mongo[Symbol.asyncDispose](),
  };
}

/** The databases that the configuration names, without the embedded ones, which could not be had. */
export function namedDatabases({ databaseUrl, mongodbUri, collections }: Config): Databases {
  return {
    databaseUrl: databaseUrl ?? '',
    mongodbUri: mongodbUri ?? '',
    own: { postgres: databaseUrl !== null, mongo: mongodbUri !== null },
    collections,
    stop: () => Promise.resolve(),
  };
}
