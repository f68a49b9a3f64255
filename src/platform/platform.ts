import type { Logger } from 'pino';
import type { SourceReader } from '../join/reader.js';
import type { DatabaseName } from '../join/source.js';
import { MongoDatabase } from './mongo/mongo.js';
import { MongoSourceReader } from './mongo/source-reader.js';
import { nullableColumns } from './postgres/nullable-columns.js';
import { PostgresDatabase } from './postgres/postgres.js';
import { PostgresSourceReader } from './postgres/source-reader.js';

/** What a process has once and every request shares: the two databases and their readers. Closing closes both. */
export interface Platform extends AsyncDisposable {
  readonly postgres: PostgresDatabase;
  readonly mongo: MongoDatabase;
  readonly readers: Readonly<Record<DatabaseName, SourceReader>>;
  /** Looks keys up in MongoDB as the primary knows them, for what a write rests on. */
  readonly mongoPrimary: Pick<SourceReader, 'findByKeys'>;
  readonly logger: Logger;
  /** How long the answer to a call with an idempotency key is kept, in hours. */
  readonly keyRetention: number;
  /** Whether the copies of a user's name and e-mail address on orders follow the user, or stay as they were made. */
  readonly orderCopies: OrderCopies;
  /** Called after each step of a write to both databases; only tests have something to do there. */
  readonly onStep: (step: string) => void | Promise<void>;
}

export type OrderCopies = 'follow' | 'frozen';

const KEY_RETENTION = 24;

export interface PlatformOptions {
  readonly databaseUrl: string;
  readonly mongodbUri: string;
  readonly logger: Logger;
  /** How the connections call themselves on the servers. */
  readonly applicationName?: string;
  /** What collections are called in MongoDB, by the name that their source has: `{ users: 'people' }`. */
  readonly collections?: Readonly<Record<string, string>> | undefined;
  /** See {@link Platform}; a day when absent. */
  readonly keyRetention?: number;
  /** See {@link Platform}; they follow when absent. */
  readonly orderCopies?: OrderCopies;
  /** See {@link Platform}. */
  readonly onStep?: Platform['onStep'];
}

/**
 * Opens both databases.
 *
 * @throws {AppError} MONGO_UNAVAILABLE or POSTGRES_UNAVAILABLE when one of them does not answer; nothing stays open.
 */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { logger, applicationName = 'tandem', keyRetention = KEY_RETENTION, onStep = () => undefined } = options;
  const { orderCopies = 'follow' } = options;
  const postgres = await PostgresDatabase.open({ url: options.databaseUrl, logger, applicationName });
  try {
    const isNullable = await nullableColumns(postgres);
    const mongo = await MongoDatabase.open({
      url: options.mongodbUri,
      applicationName,
      collections: options.collections,
    });
    const close = async () => {
      await Promise.all([mongo[Symbol.asyncDispose](), postgres[Symbol.asyncDispose]()]);
    };
    const readers = {
      postgres: new PostgresSourceReader((sql, ...parameters) => postgres.query(sql, ...parameters), isNullable),
      mongo: new MongoSourceReader(mongo),
    };
    const mongoPrimary = new MongoSourceReader(mongo, 'primary');
    const settings = { logger, keyRetention, orderCopies, onStep };
    return { postgres, mongo, readers, mongoPrimary, ...settings, [Symbol.asyncDispose]: close };
  } catch (error) {
    await postgres[Symbol.asyncDispose]();
    throw error;
  }
}
