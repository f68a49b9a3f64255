import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest';
import type { Step } from '../../src/ordering/protocol.js';
import type { Platform } from '../../src/platform/platform.js';
import { createLogger } from '../../src/platform/logger.js';
import { orderingJobs } from '../../src/ordering/ordering.jobs.js';
import { createScope } from '../../src/scope.js';
import { startWorker, type Worker } from '../../src/sync/worker.js';
import { TandemProcess } from '../../src/cli/demo-crash/tandem-process.js';
import type { TestDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';

const MAIN = path.resolve(import.meta.dirname, '../../dist/main.js');
const CRASHING_GATEWAY = fileURLToPath(new URL('crashing-gateway.mjs', import.meta.url));

/** Gateways and workers of the build on a test file's databases; all of them are gone after each test. */
export function useProcesses(databases: TestDatabases): (settings: Record<string, string>) => TandemProcess {
  const processes: TandemProcess[] = [];
  let folder = '';
  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('these tests start the build: npm run test:crash makes it first');
    folder = await mkdtemp(path.join(tmpdir(), 'tandem-crash-'));
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((started) => started.kill()));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (settings) => {
    const { databaseUrl, mongodbUri } = databases;
    const started = new TandemProcess({
      main: pathToFileURL(MAIN).href,
      folder,
      settings: { DATABASE_URL: databaseUrl, MONGODB_URI: mongodbUri, HOST: '127.0.0.1', ...settings },
    });
    processes.push(started);
    return started;
  };
}

/** A process that has died, or will. */
export interface Crashing {
  /** Of its graph. */
  readonly url: string;
  /** By what it ended; null while it lives. */
  readonly signal: () => NodeJS.Signals | null;
  readonly died: Promise<unknown>;
}

/** A gateway with a worker inside that kills itself where the protocol comes to this step for the n-th time. */
export async function startCrashing(databases: TestDatabases, dieAt: Step, time = 1): Promise<Crashing> {
  const { databaseUrl, mongodbUri } = databases;
  const child: ChildProcess = spawn(
    process.execPath,
    [CRASHING_GATEWAY, JSON.stringify({ databaseUrl, mongodbUri, dieAt, time })],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const died = once(child, 'exit');
  const printed = child.stdout === null ? died : once(child.stdout, 'data');
  const [url] = (await Promise.race([printed, died])) as unknown[];
  return { url: String(url).trim(), signal: () => child.signalCode, died };
}

/** A worker in this process: what takes over. It is gone with the test. */
export async function startHealthyWorker({ databaseUrl, platform }: TestDatabases): Promise<Worker> {
  const worker = await startWorker({
    url: databaseUrl,
    schema: platform.postgres.schema,
    logger: createLogger('silent'),
    handlers: orderingJobs(() => createScope(platform)),
    housekeeping: () => Promise.resolve(),
  });
  onTestFinished(() => worker[Symbol.asyncDispose]());
  return worker;
}

/** Lets MongoDB refuse transactions of this amount, until {@link allowAll}. */
export async function refuseAmount({ mongo }: Platform, amount: string): Promise<void> {
  const validator = { $expr: { $ne: [{ $toString: '$amount' }, amount] } };
  await mongo.run((db) => db.command({ collMod: 'transactions', validator }));
}

/** Lets MongoDB refuse to delete transactions, until {@link allowAll}: nothing is deleted from a view. */
export async function refuseDeletions({ mongo }: Platform): Promise<void> {
  await mongo.run(async (db) => {
    await db.renameCollection('transactions', BEHIND_THE_VIEW);
    await db.createCollection('transactions', { viewOn: BEHIND_THE_VIEW, pipeline: [] });
  });
}

const BEHIND_THE_VIEW = 'transactions_behind_the_view';

export async function allowAll({ mongo }: Platform): Promise<void> {
  await mongo.run(async (db) => {
    const [isView] = await db.listCollections({ name: BEHIND_THE_VIEW }).toArray();
    if (isView !== undefined) {
      await db.dropCollection('transactions');
      await db.renameCollection(BEHIND_THE_VIEW, 'transactions');
    }
    await db.command({ collMod: 'transactions', validator: {} });
  });
}

/** Empties what orders are kept in. */
export async function removeOrders({ databaseUrl, platform }: TestDatabases): Promise<void> {
  await sql(
    databaseUrl,
    'TRUNCATE orders, tandem_idempotency_keys, tandem_tombstones, tandem_user_deletions',
    'DELETE FROM graphile_worker._private_jobs',
  );
  await platform.mongo.run((db) => db.collection('transactions').deleteMany({}));
}

/** A line about what was counted, for whoever reads the run. */
export function report(line: string): void {
  process.stdout.write(`${line}\n`);
}
