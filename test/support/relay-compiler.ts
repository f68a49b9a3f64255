import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

/** From npm's cache, or the registry: with the binaries of five platforms it is too large to install for everybody. */
const PACKAGE = 'relay-compiler@21.0.1';

const run = promisify(execFile);

/** Runs Relay's compiler in a folder. */
export async function relayCompiler(folder: string, ...args: readonly string[]): Promise<void> {
  await run('npm', ['exec', '--yes', `--package=${PACKAGE}`, '--', 'relay-compiler', ...args], { cwd: folder });
}

/** Whether there is one. Without it its tests are skipped, and say so; where CI is set, they fail. */
export async function hasRelayCompiler(): Promise<boolean> {
  try {
    await relayCompiler(tmpdir(), '--version');
    return true;
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    process.stderr.write(`Skipped: npm could not bring ${PACKAGE}\n`);
    return false;
  }
}
