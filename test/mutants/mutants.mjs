// @ts-check
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ABSENCE } from './absence.mjs';
import { COPIES } from './copies.mjs';
import { DEADLINE } from './deadline.mjs';
import { LIMITS } from './limits.mjs';
import { POLICY } from './policy.mjs';
import { UNDO } from './undo.mjs';
import { ORDERING } from './ordering.mjs';
import { UNIQUENESS } from './uniqueness.mjs';
import { REFERENCES } from './references.mjs';

/**
 * A safeguard that is taken out, and the tests of which some have to fail then.
 *
 * @typedef {object} Mutant
 * @property {string} name what is wrong with the program then
 * @property {string} file
 * @property {string} from is there once
 * @property {string} to
 * @property {{ from: string, to: string }} [also] a second change in the same file
 * @property {readonly string[]} tests
 */

/** @type {readonly Mutant[]} */
export const MUTANTS = [
  ...ORDERING,
  ...UNIQUENESS,
  ...COPIES,
  ...ABSENCE,
  ...LIMITS,
  ...DEADLINE,
  ...POLICY,
  ...UNDO,
  ...REFERENCES,
];

/**
 * @param {Mutant} mutant
 * @param {string} folder of the project
 * @returns {string} the file with its safeguard taken out
 */
export function changed({ name, file, from, to, also }, folder) {
  let text = readFileSync(path.join(folder, file), 'utf8');
  for (const change of [{ from, to }, ...(also === undefined ? [] : [also])]) {
    if (text.split(change.from).length !== 2) throw new Error(`${name}: ${file} has not once: ${change.from}`);
    text = text.replace(change.from, () => change.to);
  }
  return text;
}
