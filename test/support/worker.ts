import { afterAll, beforeAll } from 'vitest';
import { orderingJobs } from '../../src/ordering/ordering.jobs.js';
import type { Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { startWorker, type Worker } from '../../src/sync/worker.js';

/** A worker at the jobs that writes to both databases leave, as the gateway has one inside. */
export function startOrderingWorker(platform: Platform, databaseUrl: string): Promise<Worker> {
  return startWorker({
    url: databaseUrl,
    schema: platform.postgres.schema,
    logger: platform.logger,
    handlers: orderingJobs(() => createScope(platform)),
    housekeeping: () => Promise.resolve(),
  });
}

/** One for the whole of the test file that calls it, after useDatabases(). */
export function useWorker(databases: { readonly platform: Platform; readonly databaseUrl: string }): void {
  let worker: Worker | undefined;
  beforeAll(async () => {
    worker = await startOrderingWorker(databases.platform, databases.databaseUrl);
  });
  afterAll(() => worker?.[Symbol.asyncDispose]());
}
