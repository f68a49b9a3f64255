// @ts-check
// node crashing-gateway.mjs <settings as JSON>: a gateway with a worker inside, of the build, that ends itself by SIGKILL
// where the write protocol comes to a step for the n-th time. Prints where the graph is.
/** @param {string} file */
const built = (file) => import(new URL(`../../dist/${file}`, import.meta.url).href);

const { startGateway } = await built('gateway/server.js');
const { orderingJobs } = await built('ordering/ordering.jobs.js');
const { createLogger } = await built('platform/logger.js');
const { openPlatform } = await built('platform/platform.js');
const { createScope } = await built('scope.js');
const { startWorker } = await built('sync/worker.js');

const { databaseUrl, mongodbUri, dieAt, time } = JSON.parse(process.argv[2] ?? '{}');
let reached = 0;

process.stdin.resume().once('close', () => process.exit());

const logger = createLogger('silent');
const platform = await openPlatform({
  databaseUrl,
  mongodbUri,
  logger,
  onStep: async (/** @type {string} */ step) => {
    if (step !== dieAt) return;
    reached += 1;
    if (reached !== time) return;
    process.kill(process.pid, 'SIGKILL');
    // Nothing comes after it, not even in the moment before the signal arrives.
    await new Promise(() => undefined);
  },
});
await startWorker({
  url: databaseUrl,
  schema: platform.postgres.schema,
  logger,
  handlers: orderingJobs(() => createScope(platform)),
  housekeeping: () => Promise.resolve(),
});
const { url } = await startGateway({ platform, host: '127.0.0.1', port: 0 });
process.stdout.write(`${url}\n`);
