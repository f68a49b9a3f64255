import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { changed, MUTANTS } from './mutants.mjs';

const PROJECT = path.resolve(import.meta.dirname, '../..');

test.each(MUTANTS)('there is what the mutant changes, and the tests that it is for: $name', (mutant) => {
  expect(changed(mutant, PROJECT)).not.toBe('');
  expect(mutant.tests.filter((file) => !existsSync(path.join(PROJECT, file)))).toEqual([]);
});
