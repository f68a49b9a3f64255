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

/** A worker that a test can do without for a while. */
export interface TestWorker {
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** One for the whole of the test file that calls it, after useDatabases(). */
export function useWorker(databases: { readonly platform: Platform; readonly databaseUrl: string }): TestWorker {
  let worker: Worker | undefined;
  const start = async () => {
    worker = await startOrderingWorker(databases.platform, databases.databaseUrl);
  };
  const stop = async () => {
    await worker?.[Symbol.asyncDispose]();
    worker = undefined;
  };
  beforeAll(start);
  afterAll(stop);
  return { stop, start };
}
