import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const NO_LOADER = 'it is built for glibc, which this system lacks (Alpine has musl instead)';

/**
 * What a program answers to `--version`: proof that it runs on this system.
 *
 * @param libraryPath where the linker finds libraries that do not lie where the program looks for them
 * @throws the error of a call that failed; of a program that is there and cannot be loaded, one that says why
 */
export async function versionOf(program: string, libraryPath?: string): Promise<string> {
  const command = libraryPath === undefined ? [program] : ['env', `LD_LIBRARY_PATH=${libraryPath}`, program];
  const [file = program, ...args] = command;
  try {
    const { stdout } = await run(file, [...args, '--version'], { timeout: 20_000 });
    return stdout;
  } catch (error) {
    // So the system answers when the loader that a program names is missing: as if the program itself were.
    const hasNoLoader = isNotFound(error) && path.isAbsolute(program) && (await isReachable(program));
    throw hasNoLoader ? new Error(NO_LOADER, { cause: error }) : error;
  }
}

/** Why a call failed, in one line: of several, such as a failed command's, the one that says it. */
export function reasonOf(error: unknown): string {
  if (isNotFound(error)) return `${path.basename(error.path ?? 'a file')} not found`;
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => line !== '' && !line.startsWith('Command failed: '));
  return telling.find((line) => line.startsWith('ERROR:')) ?? telling[0] ?? lines[0] ?? '';
}

/** Whether something is there, at the end of a link too. */
export async function isReachable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function isNotFound(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
