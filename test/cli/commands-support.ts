import { vi } from 'vitest';
import type { CommandOptions } from '../../src/platform/task.js';
import type { TestDatabases } from '../support/databases.js';
import { startOrderingWorker } from '../support/worker.js';

type Main = (options: CommandOptions) => Promise<void>;

/** What a command has printed, and the code that it ends with. */
export interface Ran {
  readonly printed: string;
  readonly code: number;
}

/** Runs a command with its settings for these databases, as scripts/run.mjs does. @throws what the command throws */
export async function run(
  main: Main,
  databases: { readonly databaseUrl: string; readonly mongodbUri: string },
  ...argv: string[]
): Promise<Ran> {
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.stubEnv('DATABASE_URL', databases.databaseUrl);
  vi.stubEnv('MONGODB_URI', databases.mongodbUri);
  vi.stubEnv('LOG_LEVEL', 'silent');
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await main({ task: (_title, work) => work(() => undefined), argv });
    return { printed, code: process.exitCode };
  } finally {
    process.exitCode = before;
    vi.unstubAllEnvs();
    write.mockRestore();
  }
}

/** Waits for something that a worker brings about. */
export async function working(
  { platform, databaseUrl }: TestDatabases,
  until: () => PromiseLike<unknown>,
): Promise<void> {
  const worker = await startOrderingWorker(platform, databaseUrl);
  try {
    await until();
  } finally {
    await worker[Symbol.asyncDispose]();
  }
}
