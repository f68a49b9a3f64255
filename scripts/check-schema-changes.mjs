// @ts-check
// node scripts/check-schema-changes.mjs: reviews what changed in schema.graphql since it landed. A change that breaks
// clients fails, unless schema-changes.json accepts it by its message, with the reason.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { printFailure, StepError } from './failure.mjs';

const SCHEMA = 'schema.graphql';
const ACCEPTED = 'schema-changes.json';

/** @typedef {{ name: string, text: string }} Version */

const LABELS = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'safe',
};

try {
  await review(readFileSync(SCHEMA, 'utf8'));
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}

/** @param {string} text */
async function review(text) {
  const base = baseOf(text);
  if (typeof base === 'string') {
    print(`${SCHEMA}: nothing to compare with: ${base}.`);
    return;
  }
  const changes = await diff(buildSchema(base.text), buildSchema(text));
  print(`${SCHEMA}: ${changes.length} changes since ${base.name}.`);
  const accepted = acceptedChanges();
  for (const { criticality, message } of changes) {
    const reason = accepted.get(message);
    print(`  ${LABELS[criticality.level]}: ${message}${reason === undefined ? '' : ` (accepted: ${reason})`}`);
  }
  const refused = changes.filter(
    ({ criticality, message }) => criticality.level === CriticalityLevel.Breaking && !accepted.has(message),
  );
  if (refused.length === 0) return;
  throw new StepError(`${refused.length} of them break clients: ${refused.map(({ message }) => message).join(' ')}`, {
    remedy: `Keep what was there and deprecate it, or accept it in ${ACCEPTED}: [{ "change": "<message>", "reason": "..." }].`,
  });
}

/**
 * What the schema is compared with: what landed last, or, where that is the schema itself, what was there before it.
 * @param {string} text
 * @returns {Version | string} a string says why there is none
 */
function baseOf(text) {
  if (git('rev-parse', 'HEAD') === null) return 'this is no clone, or it has no commit yet';
  const landed = landedVersion();
  if (landed !== null && landed.text !== text) return landed;
  const last = git('log', '-1', '--format=%H', '--', SCHEMA)?.trim() ?? '';
  if (last === '') return 'no commit has it yet';
  const before = versionAt(`${last}~1`, `what was there before ${last.slice(0, 8)}`);
  if (before !== null) return before;
  return git('rev-parse', '--is-shallow-repository')?.trim() === 'true'
    ? 'the clone is shallow (git fetch --unshallow)'
    : 'it never changed';
}

/** Where the branch left origin/main; without that, the last commit. What came to main since is no change of ours. */
function landedVersion() {
  if (git('rev-parse', '--verify', 'origin/main') === null) return versionAt('HEAD', 'the last commit');
  const common = git('merge-base', 'origin/main', 'HEAD')?.trim();
  return versionAt(common ?? 'origin/main', 'origin/main');
}

/**
 * @param {string} revision
 * @param {string} name
 * @returns {Version | null} null when there is no such revision, or no schema in it
 */
function versionAt(revision, name) {
  const text = git('show', `${revision}:./${SCHEMA}`);
  return text === null ? null : { name, text };
}

/**
 * @param {string[]} args
 * @returns {string | null} what git says; null when it fails, or is not there
 */
function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 26 });
  } catch {
    return null;
  }
}

/** @returns {Map<string, string>} the reasons by the changes' messages */
function acceptedChanges() {
  if (!existsSync(ACCEPTED)) return new Map();
  /** @type {{ change?: unknown, reason?: unknown }[]} */
  const entries = JSON.parse(readFileSync(ACCEPTED, 'utf8'));
  return new Map(
    entries.map(({ change, reason }) => {
      if (typeof change === 'string' && typeof reason === 'string' && reason.trim() !== '') return [change, reason];
      throw new StepError(
        `${ACCEPTED} takes a list of { "change", "reason" }, got ${JSON.stringify({ change, reason })}.`,
      );
    }),
  );
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
