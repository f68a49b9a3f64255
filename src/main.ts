import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { provideDatabases } from './cli/databases.js';
import { firstAnswer } from './cli/first-answer.js';
import { prepare } from './cli/prepare.js';
import { loadConfig, maskedUrl, type Config } from './config.js';
import { checkPort } from './gateway/port.js';
import { startGateway } from './gateway/server.js';
import { createLogger } from './platform/logger.js';
import { openPlatform } from './platform/platform.js';
import { loggedTask, type Task } from './platform/task.js';

/** How long stopping may take before the process ends anyway, in milliseconds. */
const SHUTDOWN_TIMEOUT = 10_000;

type Stop = () => PromiseLike<void>;

/** `npm start`: the databases, the gateway, the first answer; then it serves until it is told to stop. */
export async function main({ task }: { readonly task: Task }): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.logLevel);
  const started: Stop[] = [];
  stopOnSignals(started, logger);
  try {
    await serve(config, logger, task, started);
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

/** Starts one thing after the other; whatever runs is in `started`, so that it can be stopped from where we are. */
async function serve(config: Config, logger: Logger, task: Task, started: Stop[]): Promise<void> {
  const { host, port, production } = config;
  if (port !== 0) await checkPort(host, port);
  const databases = await provideDatabases(config, task, (database) => {
    logger.error(`${database} ended; what needs it answers with an error until it is started again: npm start`);
  });
  started.push(databases.stop);
  const { databaseUrl, mongodbUri } = databases;
  const platform = await openPlatform({ databaseUrl, mongodbUri, logger });
  started.push(() => platform[Symbol.asyncDispose]());
  await prepare(platform, databases, task);
  const gateway = await startGateway({ platform, host, port, production });
  started.push(() => gateway[Symbol.asyncDispose]());
  process.stdout.write(`
${await firstAnswer(platform)}

PostgreSQL  ${maskedUrl(databaseUrl)}
MongoDB     ${maskedUrl(mongodbUri)}
The graph   ${gateway.url}   (Ctrl-C stops everything)
`);
}

/** `node dist/main.js`: the same without a set-up and without a person who watches; for a container. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main({ task: loggedTask(createLogger('info')) }).catch((error: unknown) => {
    createLogger('fatal').fatal(error instanceof Error ? error.message : String(error));
    process.exit(1);
  });
}

/** The last started is the first stopped. */
async function stopAll(started: Stop[]): Promise<void> {
  for (let stop = started.pop(); stop !== undefined; stop = started.pop()) await stop();
}

function stopOnSignals(started: Stop[], logger: Logger): void {
  let stopping = false;
  const onSignal = (): void => {
    // A second Ctrl-C is somebody who will not wait.
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), SHUTDOWN_TIMEOUT).unref();
    stopAll(started).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
}
