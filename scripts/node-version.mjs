// @ts-check
import { StepError } from './failure.mjs';

/** The oldest minor version of each line of Node that has one; lines from the newest on are taken as they are. */
const OLDEST = new Map([
  [20, 19],
  [22, 12],
]);
const NEWEST_LINE = 24;

/**
 * @param {string} version
 * @throws {StepError} for a Node on which the libraries do not run: 21 and 23 were never theirs
 */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const oldest = OLDEST.get(major);
  if (major >= NEWEST_LINE || (oldest !== undefined && minor >= oldest)) return;
  const lines = Array.from(OLDEST, (line) => line.join('.')).join(', ');
  throw new StepError(`Tandem needs Node ${lines} or ${NEWEST_LINE}, or later in these lines; this is ${version}.`, {
    remedy: `Install Node ${NEWEST_LINE}, or point your version manager at it.`,
  });
}
