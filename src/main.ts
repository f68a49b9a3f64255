import { once } from 'node:events';
import { openDatabases, provideDatabases } from './cli/databases.js';
import { loadFeatures } from './cli/features.js';
import { firstAnswer } from './cli/first-answer.js';
import { checkPort, portError } from './cli/port.js';
import { prepare } from './cli/prepare.js';
import { refuseWords } from './cli/usage.js';
import { loadConfig, type Config } from './config.js';
import { maskedUrl } from './platform/address.js';
import { startGateway } from './gateway/server.js';
import { createLogger } from './platform/logger.js';
import type { CommandOptions, Task } from './platform/task.js';

/** How long stopping may take before the process ends anyway, in milliseconds. */
const SHUTDOWN_TIMEOUT = 10_000;

/** npm passes a Ctrl-C on that the terminal has sent us as well: so soon after the first, it is the same one. */
const SAME_SIGNAL = 1_000;

type Stop = () => PromiseLike<void>;

/** `npm start`: the databases, the gateway, the first answer; then it serves until it is told to stop. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  refuseWords(argv, [], 'usage: npm start   (what can be set is in .env.example: PORT=5000 npm start)');
  const config = loadConfig();
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
  const { host, port, production } = config;
  const logger = createLogger(config.logLevel);
  const features = await loadFeatures(config);
  if (port !== 0) await checkPort(host, port);
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
  const gateway = await startGateway({ platform, host, port, production, features }).catch((error: unknown) => {
    throw portError(error, host, port);
  });
  started.push(() => gateway[Symbol.asyncDispose]());
  process.stdout.write(`
${await firstAnswer(gateway.apollo, platform, databases.own.postgres || databases.own.mongo)}

PostgreSQL  ${maskedUrl(databases.databaseUrl)}${databases.own.postgres ? '' : '   (embedded: DATABASE_URL is not set)'}
MongoDB     ${maskedUrl(databases.mongodbUri)}${databases.own.mongo ? '' : '   (embedded: MONGODB_URI is not set)'}
The graph   ${gateway.url}   (Ctrl-C stops it)
`);
  stopping.throwIfAborted();
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
