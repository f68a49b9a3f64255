import type { ApolloServer } from '@apollo/server';
import { AppError } from '../errors/app-error.js';
import { CATALOGUE } from '../errors/codes.js';
import { createApollo } from '../gateway/server.js';
import { KEY, type DatabaseName, type Source } from '../join/source.js';
import { createLogger } from '../platform/logger.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import type { Platform } from '../platform/platform.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { reportStatement } from '../platform/statements.js';
import { createScope, type Scope } from '../scope.js';
import { answerOf, type Answer, type Operation } from './answer.js';
import type { FakeTable } from './fake-rows.js';
import type { Row } from './matching.js';
import { MemoryReader } from './memory-reader.js';

/**
 * Both databases, as rows in memory: for testing resolvers and whole queries without a server. Everything between the
 * query and the rows is the program itself: the schema, the loaders and their batches, the checks of arguments, the form
 * of errors. Each method of a reader counts as one statement, as with the real ones. They are read-only: what writes
 * is tested on real databases, or its service's method is replaced by the test.
 */
export class FakeDatabases {
  /** What the program runs on, for {@link createScope} and whatever else takes one. */
  readonly platform: Platform;
  readonly #rows = new Map<string, readonly Row[]>();
  readonly #stopped = new Set<DatabaseName>();
  #apollo: ApolloServer<Scope> | undefined;

  /**
   * @param tables what `rows` made; a source that is not among them is empty
   * @throws {TypeError} when two rows of a source share what only one of them can have
   */
  constructor(...tables: readonly FakeTable[]) {
    for (const { source, rows } of tables) {
      const all = [...this.#rowsOf(source), ...rows];
      refuseDoubles(source, all);
      this.#rows.set(source.name, all);
    }
    this.platform = {
      postgres: this.#writer('postgres') as PostgresDatabase,
      mongo: this.#writer('mongo') as MongoDatabase,
      readers: { postgres: this.#reader('postgres'), mongo: this.#reader('mongo') },
      mongoPrimary: this.#reader('mongo'),
      // What a client is not told of a resolver's fault, a developer wants to see.
      logger: createLogger('error'),
      keyRetention: 24,
      orderCopies: 'follow',
      onStep: () => undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** A request's scope: fresh loaders on these rows, and the services on them. */
  scope(): Scope {
    return createScope(this.platform);
  }

  /** Answers an operation as the gateway does, in a scope of its own. */
  async execute<Data = Record<string, unknown>, Variables extends object = Record<string, unknown>>(
    operation: Operation<Data, Variables>,
    variables?: Variables,
  ): Promise<Answer<Data>> {
    this.#apollo ??= createApollo({ platform: this.platform });
    return answerOf(this.#apollo, this.scope(), operation, variables);
  }

  /** From now on a database does not answer: what needs it fails with POSTGRES_UNAVAILABLE or MONGO_UNAVAILABLE. */
  stop(database: DatabaseName): void {
    this.#stopped.add(database);
  }

  /** It answers again. */
  start(database: DatabaseName): void {
    this.#stopped.delete(database);
  }

  #rowsOf(source: Source): readonly Row[] {
    return this.#rows.get(source.name) ?? [];
  }

  #reader(database: DatabaseName): MemoryReader {
    return new MemoryReader({
      rowsOf: (source) => this.#rowsOf(source),
      ask: (statement) => {
        this.#refuseStopped(database);
        reportStatement(database, () => statement);
      },
    });
  }

  /** What the repositories write through: whatever they ask of it, it says that it takes no writes. */
  #writer(database: DatabaseName): object {
    const get = (_target: object, name: string | symbol) => {
      // No moment of MongoDB's is known: there are no copies that could be older.
      if (name === 'seen') return null;
      this.#refuseStopped(database);
      throw new AppError('READ_ONLY', NO_WRITES);
    };
    return new Proxy({}, { get });
  }

  #refuseStopped(database: DatabaseName): void {
    if (!this.#stopped.has(database)) return;
    const code = database === 'postgres' ? 'POSTGRES_UNAVAILABLE' : 'MONGO_UNAVAILABLE';
    throw new AppError(code, CATALOGUE[code]);
  }
}

function refuseDoubles({ name, unique }: Source, rows: readonly Row[]): void {
  for (const field of [KEY, ...unique]) {
    const values = new Set<unknown>();
    for (const { [field]: value } of rows) {
      if (values.has(value)) throw new TypeError(`rows of ${name}: two have the ${field} "${String(value)}"`);
      values.add(value);
    }
  }
}

const NO_WRITES =
  "fake databases take no writes; replace the service's method in the test (vi.spyOn(scope.users, 'create')), or test " +
  'on real databases: docs/testing-resolvers.md';

/** A request's scope on rows in memory, for calling a resolver's method directly. */
export function fakeScope(...tables: readonly FakeTable[]): Scope {
  return new FakeDatabases(...tables).scope();
}
