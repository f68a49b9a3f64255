// @ts-check
// npm run mutants [-- words of a mutant's name]: takes the program's safeguards out, one at a time, in a copy of the
// project, and says for which of them no test fails. What the tests cannot tell from the program as it is, survives.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT } from './setup.mjs';
import { changed, MUTANTS } from '../test/mutants/mutants.mjs';

const words = process.argv.slice(2).join(' ');
const chosen = MUTANTS.filter(({ name }) => name.includes(words));
if (chosen.length === 0) {
  process.stderr.write(
    `no mutant is called "${words}"; those that there are:\n${MUTANTS.map(({ name }) => `  ${name}\n`).join('')}`,
  );
  process.exit(2);
}

const folder = mkdtempSync(path.join(tmpdir(), 'tandem-mutants-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
copyProject();

// What can be said at once is not said after an hour.
for (const mutant of MUTANTS) changed(mutant, folder);

const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))];
if (!areGreen(tests)) {
  process.stderr.write(`The tests fail as it is, so that they tell nothing: ${tests.join(' ')}\n`);
  process.exit(1);
}
process.stdout.write(`as it is: ${tests.length} files of tests are green\n`);
const survivors = chosen.filter((mutant) => {
  const survives = withMutant(mutant, () => areGreen(mutant.tests));
  process.stdout.write(`${survives ? 'SURVIVED' : 'killed  '}  ${mutant.name}\n`);
  return survives;
});
process.stdout.write(`${chosen.length - survivors.length} of ${chosen.length} mutants killed\n`);
process.exit(survivors.length === 0 ? 0 : 1);

/** What a commit of everything would hold, and the packages. */
function copyProject() {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: PROJECT });
  for (const file of list
    .toString()
    .split('\0')
    .filter((name) => name !== '' && existsSync(path.join(PROJECT, name)))) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(path.join(PROJECT, file), path.join(folder, file));
  }
  const modules = path.join(folder, 'node_modules');
  const linked = spawnSync('cp', ['-al', path.join(PROJECT, 'node_modules'), modules]);
  if (linked.status !== 0)
    cpSync(path.join(PROJECT, 'node_modules'), modules, { recursive: true, verbatimSymlinks: true });
  rmSync(path.join(modules, '.tandem'), { recursive: true, force: true });
}

/**
 * @param {readonly string[]} files
 * @returns {boolean}
 */
function areGreen(files) {
  const run = spawnSync(process.execPath, ['scripts/test.mjs', '--bail', '1', ...files], {
    cwd: folder,
    encoding: 'utf8',
  });
  // A suite that could not even begin says nothing about the mutant.
  if (!/Tests .*(passed|failed)/.test(run.stdout)) {
    process.stderr.write(`${run.stdout}${run.stderr}`);
    process.exit(1);
  }
  return run.status === 0;
}

/**
 * @param {import('../test/mutants/mutants.mjs').Mutant} mutant
 * @param {() => boolean} work
 */
function withMutant(mutant, work) {
  const place = path.join(folder, mutant.file);
  const original = readFileSync(place, 'utf8');
  writeFileSync(place, changed(mutant, folder));
  try {
    return work();
  } finally {
    writeFileSync(place, original);
  }
}
