import { EventEmitter } from 'node:events';
import { setTimeout as rest } from 'node:timers/promises';
import { run, type Runner, type WorkerEvents } from 'graphile-worker';
import type { Logger } from 'pino';
import type { Housekeeping, JobHandler } from '../platform/jobs/handler.js';
import { jobSchema, SILENT } from '../platform/jobs/job-schema.js';
import { Presence } from './presence.js';
import { tasksOf } from './tasks.js';
import { within } from './within.js';
import { WorkerPool } from './worker-pool.js';
import { TIMINGS } from '../platform/timings.js';

export interface WorkerOptions {
  readonly url: string;
  /** Of the tables. */
  readonly schema: string;
  readonly logger: Logger;
  readonly handlers: Readonly<Record<string, JobHandler>>;
  readonly housekeeping: Housekeeping;
  /** Jobs that are worked on at once. */
  readonly concurrency?: number;
  readonly applicationName?: string;
}

/** A worker at its jobs. Disposing of it lets those under way finish, then stops. */
export type Worker = AsyncDisposable;

/**
 * Works on jobs until it is disposed of, whatever the databases do. Any number of workers share the jobs, in this
 * process and others; a job that one of them held when it died is taken over within seconds.
 *
 * @throws what PostgreSQL says when the jobs cannot be read at all
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { url, logger } = options;
  const stopping = new AbortController();
  let round: Round | undefined;
  const presence = new Presence({ url, schema: options.schema, logger, onSilence: () => round?.giveUp() });
  const begin = () => Round.begin(options, presence);
  const first = await begin().catch(async (error: unknown) => {
    await presence[Symbol.asyncDispose]();
    throw error;
  });
  const leaving = new Set<Promise<void>>();
  const supervised = (async () => {
    for (let next: Round | null = first; next !== null; next = await beginAgain(begin, stopping.signal)) {
      round = next;
      await round.ended;
      if (!stopping.signal.aborted) logger.warn('the worker failed, and begins again');
      // What it leaves, it leaves by itself: nobody waits for that.
      const left = round.stop().finally(() => leaving.delete(left));
      leaving.add(left);
    }
  })();
  let kept: Promise<void> | null = null;
  const keepHouse = () => {
    // What takes longer than that is not done twice at once.
    kept ??= options
      .housekeeping(stopping.signal)
      .catch((error: unknown) => {
        logger.debug({ err: error }, 'what is needed no more could not be removed; it will be');
      })
      .finally(() => (kept = null));
  };
  keepHouse();
  const housekeeping = setInterval(keepHouse, TIMINGS.worker.housekeeping);
  housekeeping.unref();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      clearInterval(housekeeping);
      await (round ?? first).stop();
      await supervised;
      await Promise.all(leaving);
      await kept;
      await presence[Symbol.asyncDispose]();
    },
  };
}

/** One run of graphile-worker's, on connections of its own: one that has failed is left to itself. */
class Round {
  /** Once it has failed as a whole, or was stopped. */
  readonly ended: Promise<void>;
  readonly #runner: Runner;
  readonly #pool: WorkerPool;
  #giveUp: () => void = () => undefined;
  #stopped: Promise<void> | null = null;

  private constructor(runner: Runner, pool: WorkerPool, failed: Promise<void>) {
    this.#runner = runner;
    this.#pool = pool;
    // The library may wait for ever for connections that are gone.
    const givenUp = new Promise<void>((resolve) => (this.#giveUp = resolve));
    this.ended = Promise.race([runner.promise.catch(() => undefined), failed, givenUp]);
  }

  static async begin(options: WorkerOptions, presence: Presence): Promise<Round> {
    const { url, concurrency = 8, applicationName = 'tandem worker' } = options;
    const pool = new WorkerPool(url, applicationName);
    const events: WorkerEvents = new EventEmitter();
    const failed = failureOf(events);
    try {
      const runner = await run({
        pgPool: pool,
        events,
        schema: jobSchema(options.schema),
        taskList: tasksOf(options.handlers, options),
        noHandleSignals: true,
        logger: SILENT,
        preset: {
          worker: {
            concurrentJobs: concurrency,
            pollInterval: TIMINGS.worker.poll,
            gracefulShutdownAbortTimeout: TIMINGS.worker.shutdown,
            // Else nobody waits for a job to be noted as done, and a connection that breaks then ends the process.
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
          plugins: [announcing(presence)],
        },
      });
      return new Round(runner, pool, failed);
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Where PostgreSQL is silent on connections that are there, the library waits for them, for as long as the system does. */
  giveUp(): void {
    this.#giveUp();
  }

  /** Lets jobs under way finish, for a while; no connection stays. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await within(TIMINGS.worker.shutdown, this.#runner.stop());
    await this.#pool.close();
  }
}

/** Once the library's worker has failed as a whole, as far as its events tell. */
function failureOf(events: WorkerEvents): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['worker:fatalError', 'worker:stop', 'pool:gracefulShutdown'] as const) {
      events.on(event, () => {
        setTimeout(resolve, TIMINGS.worker.rest).unref();
      });
    }
    let failingSince: number | null = null;
    events.on('worker:getJob:error', () => {
      failingSince ??= performance.now();
      if (performance.now() - failingSince >= TIMINGS.worker.fruitless) resolve();
    });
    for (const event of ['worker:getJob:empty', 'job:start'] as const) {
      events.on(event, () => (failingSince = null));
    }
  });
}

/** A worker in the place of one that has failed as a whole; null where it is to stop. */
async function beginAgain(begin: () => Promise<Round>, stopping: AbortSignal): Promise<Round | null> {
  for (;;) {
    const isStopped = await rest(TIMINGS.worker.rest, false, { signal: stopping }).catch(() => true);
    if (isStopped) return null;
    const next = await begin().catch(() => null);
    if (next !== null && !stopping.aborted) return next;
    await next?.stop();
  }
}

/** A worker has to be known to live before it holds a job. */
function announcing(presence: Presence): GraphileConfig.Plugin {
  return {
    name: 'TandemPresencePlugin',
    version: '1.0.0',
    worker: {
      hooks: {
        startWorker: async (_context, { worker }) => {
          await presence.announce(worker.workerPool.id);
        },
      },
    },
  };
}
