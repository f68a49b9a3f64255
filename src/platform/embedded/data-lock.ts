import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { claim } from './claims.mjs';

export interface DataLock extends Disposable {
  release(): void;
}

/** The data folder belongs to another live process; the message names it and the ways out. */
export class DataDirectoryInUseError extends Error {
  readonly code = 'DATA_DIRECTORY_IN_USE';
  readonly pid: number;

  constructor(directory: string, pid: number) {
    super(
      `One Tandem at a time owns a data folder, and process ${String(pid)} owns ${directory}. ` +
        'Stop it, or point this one at other databases with DATABASE_URL and MONGODB_URI, ' +
        'or give it a folder of its own with TANDEM_DATA_DIR.',
    );
    this.name = 'DataDirectoryInUseError';
    this.pid = pid;
  }
}

/** Makes this process the only owner of the data folder until it releases it or dies; a dead owner's lock is void. */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const outcome = await claim(path.join(directory, 'lock'));
  if (outcome.kind === 'taken') throw new DataDirectoryInUseError(directory, outcome.pid);
  return { release: outcome.release, [Symbol.dispose]: outcome.release };
}
