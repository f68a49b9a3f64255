import { once } from 'node:events';
import { openDatabases, provideDatabases, type Databases } from './cli/databases.js';
import { loadFeatures } from './cli/features.js';
import { firstAnswer } from './cli/first-answer.js';
import { checkPort, portError } from './cli/port.js';
import { prepare } from './cli/prepare.js';
import { refuseWords } from './cli/usage.js';
import { startUserSyncOn } from './cli/user-sync.js';
import { writeTables } from './cli/write-tables.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { maskedUrl } from './platform/address.js';
import { startGateway } from './gateway/server.js';
import { OrderingHousekeeping } from './ordering/housekeeping.js';
import { orderingJobs } from './ordering/ordering.jobs.js';
import { TransactionRepository } from './ordering/transaction.repository.js';
import { createLogger } from './platform/logger.js';
import type { Platform } from './platform/platform.js';
import type { CommandOptions, Task } from './platform/task.js';
import { createScope } from './scope.js';
import { openness, refuseUndecided } from './security/openness.js';
import { startWorker, type Worker } from './sync/worker.js';

/** How long stopping may take before the process ends anyway, in milliseconds. */
const SHUTDOWN_TIMEOUT = 10_000;

/** npm passes a Ctrl-C on that the terminal has sent us as well: so soon after the first, it is the same one. */
const SAME_SIGNAL = 2_000;

type Stop = () => PromiseLike<void>;

const USAGE = `usage: npm start        the gateway, with a worker inside (what can be set is in .env.example: PORT=5000 npm start)
       npm run worker   a worker alone, beside gateways and other workers`;

/** `npm start`: the databases, the worker, the gateway, the first answer; then it serves until it is told to stop. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  refuseWords(argv, ['worker'], USAGE);
  const config = argv.includes('worker') ? { ...loadConfig(), role: 'worker' as const } : loadConfig();
  const stopping = stopOnSignals();
  const started: Stop[] = [];
  try {
    await serve(config, task, started, stopping);
    await once(stopping, 'abort');
  } catch (error) {
    // What fails while it is being stopped, fails because of that.
    if (!stopping.aborted) throw error;
  } finally {
    await stopAll(started);
  }
}

/**
 * Starts one thing after the other; whatever runs is in `started`, so that it can be stopped. A step is never cut
 * short: told to stop, it takes no further one.
 */
async function serve(config: Config, task: Task, started: Stop[], stopping: AbortSignal): Promise<void> {
  const { host, port, production, role, security } = config;
  const logger = createLogger(config.logLevel);
  if (role === 'worker') refuseEmbedded(config);
  else {
    await refuseUndecided(config);
    if (port !== 0) await checkPort(host, port);
  }
  const features = role === 'worker' ? [] : await loadFeatures(config);
  const databases = await provideDatabases(config, task, (database) => {
    if (!stopping.aborted)
      logger.error(`${database} ended; what needs it answers with an error until it is started again: npm start`);
  });
  started.push(databases.stop);
  stopping.throwIfAborted();
  const platform = await openDatabases(databases, logger);
  started.push(() => platform[Symbol.asyncDispose]());
  await prepare(platform, databases, task);
  stopping.throwIfAborted();
  const { readsOnly } = await writeTables(platform);
  if (readsOnly && role === 'worker') throw new ReadsOnlyError();
  if (readsOnly) logger.info('nothing can be written to PostgreSQL here, so there is no worker');
  if (role !== 'gateway' && !readsOnly) {
    const worker = await startWorkerOn(platform, databases);
    started.push(() => worker[Symbol.asyncDispose]());
    if (config.userSync) {
      const sync = startUserSyncOn(platform, databases.databaseUrl);
      started.push(() => sync[Symbol.asyncDispose]());
    }
  }
  if (role === 'worker') {
    say(`\n${addressesOf(databases)}\nThe worker works on jobs   (Ctrl-C stops it)\n`);
    return;
  }
  const gateway = await startGateway({ platform, host, port, production, features, security }).catch(
    (error: unknown) => {
      throw portError(error, host, port);
    },
  );
  started.push(() => gateway[Symbol.asyncDispose]());
  const { own } = databases;
  const answer = await firstAnswer(gateway.apollo, platform, own.postgres || own.mongo);
  const open = openness(config);
  if (open !== null && production) logger.warn(open);
  const who = open === null ? '' : `\nWho asks    ${open}`;
  say(`\n${answer}\n\n${addressesOf(databases)}${who}\nThe graph   ${gateway.url}   (Ctrl-C stops it)\n`);
  stopping.throwIfAborted();
}

/** A worker that may only read has nothing to do. */
class ReadsOnlyError extends Error {
  readonly code = 'WORKER_READS_ONLY';

  constructor() {
    super(
      'A worker writes, and nothing can be written to the PostgreSQL of DATABASE_URL: its user may only read, or the ' +
        'server is a standby. Give the worker another user, or start it again once the server takes writes.',
    );
  }
}

/** Embedded databases belong to the process that has started them, which has a worker inside. */
function refuseEmbedded({ databaseUrl, mongodbUri }: Config): void {
  if (databaseUrl !== null && mongodbUri !== null) return;
  throw new ConfigError(
    'The configuration is not right:\n  a worker alone works on databases that a gateway uses too: set DATABASE_URL ' +
      'and MONGODB_URI to those; "npm start" without them has embedded ones, and a worker inside',
  );
}

function startWorkerOn(platform: Platform, { databaseUrl }: Databases): Promise<Worker> {
  const { postgres, mongo, logger, keyRetention } = platform;
  const transactions = new TransactionRepository(mongo);
  const housekeeping = new OrderingHousekeeping({ postgres, transactions, keyRetention });
  return startWorker({
    url: databaseUrl,
    schema: postgres.schema,
    logger,
    handlers: orderingJobs(() => createScope(platform)),
    housekeeping: (stopping) => housekeeping.run(stopping),
  });
}

function addressesOf({ databaseUrl, mongodbUri, own }: Databases): string {
  const embedded = (isOwn: boolean, variable: string) => (isOwn ? '' : `   (embedded: ${variable} is not set)`);
  return [
    `PostgreSQL  ${maskedUrl(databaseUrl)}${embedded(own.postgres, 'DATABASE_URL')}`,
    `MongoDB     ${maskedUrl(mongodbUri)}${embedded(own.mongo, 'MONGODB_URI')}`,
  ].join('\n');
}

function say(text: string): void {
  process.stdout.write(text);
}

/** The last started is the first stopped. */
async function stopAll(started: Stop[]): Promise<void> {
  const failures: unknown[] = [];
  for (let stop = started.pop(); stop !== undefined; stop = started.pop()) {
    // What fails to stop keeps nothing else from stopping.
    await Promise.resolve(stop()).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

/** Aborted by the first signal that ends a process; a later one is somebody who will not wait. */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  let since = 0;
  const onSignal = (): void => {
    if (stopping.signal.aborted) {
      if (performance.now() - since > SAME_SIGNAL) process.exit(1);
      return;
    }
    since = performance.now();
    setTimeout(() => process.exit(1), SHUTDOWN_TIMEOUT).unref();
    stopping.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return stopping.signal;
}
