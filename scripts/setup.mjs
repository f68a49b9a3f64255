// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { claim, shareClaim } from '../src/platform/embedded/claims.mjs';
import { command } from './command.mjs';
import { checkNode } from './node-version.mjs';
import { task } from './tasks.mjs';

export const PROJECT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

// All stamps but the build's lie in node_modules: with it goes what they speak of.
const STAMPS = inProject('node_modules', '.tandem');
const INSTALL_STAMP = path.join(STAMPS, 'installed');
const GENERATE_STAMP = path.join(STAMPS, 'generated');
const TURN = inProject('.data', 'setup');
const BUILD_STAMP = inProject('dist', '.stamp');

/**
 * Makes the checkout ready to run: dependencies, the Prisma client and, if asked, the build. What is ready already
 * costs a look at a hash. Two at once wait for each other.
 * @param {{ build: boolean }} options
 */
export async function setup({ build }) {
  checkNode();
  if (isReady(build)) return;
  const release = await takeTurn();
  try {
    await install();
    await generate();
    if (build) await compile();
  } finally {
    release();
  }
}

/** @param {boolean} build */
function isReady(build) {
  return hasStamp(INSTALL_STAMP, installHash()) && isGenerated() && (!build || hasStamp(BUILD_STAMP, buildHash()));
}

async function takeTurn() {
  const first = await claim(TURN);
  if (first.kind === 'held') return first.release;
  return task(`Wait for the set-up of process ${String(first.pid)}`, async () => {
    for (;;) {
      const next = await claim(TURN);
      if (next.kind === 'held') return next.release;
      await sleep(200);
    }
  });
}

async function install() {
  const hash = installHash();
  if (hasStamp(INSTALL_STAMP, hash)) return;
  if (!isInstalledByHand()) {
    await task('Install dependencies', async (update) => {
      const expected = Object.keys(readLock('package-lock.json') ?? {}).length;
      const watch = setInterval(() => {
        update(Math.min(countPackages() / expected, 0.99));
      }, 300).unref();
      try {
        // Builds and tests need the development dependencies too, also where NODE_ENV says production.
        await npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']);
      } finally {
        clearInterval(watch);
      }
    });
  }
  writeStamp(INSTALL_STAMP, hash);
}

/**
 * Whether npm itself finished an install of exactly the locked versions: it writes its list last. Optional packages
 * are for the platforms they are for.
 */
function isInstalledByHand() {
  const [locked, installed] = [readLock('package-lock.json'), readLock('node_modules/.package-lock.json')];
  if (locked === undefined || installed === undefined) return false;
  return Object.entries(locked)
    .filter(([name, { optional }]) => name !== '' && optional !== true)
    .every(([name, { version }]) => installed[name]?.version === version && existsSync(inProject(name)));
}

/** @param {readonly string[]} args */
async function npm(args) {
  const remedy = "Check the network and npm's settings (`npm config list`), then try again.";
  const options = {
    cwd: PROJECT,
    remedy,
    // An npm that outlives us (kill -9) still writes node_modules: the next set-up waits for it.
    onStart: (/** @type {number} */ pid) => {
      shareClaim(TURN, pid);
    },
  };
  const running = process.env['npm_execpath'];
  // The npm that runs us, where it is npm: another one may be first on the PATH.
  if (running !== undefined && path.basename(running).startsWith('npm-cli')) {
    return command(process.execPath, [running, ...args], options);
  }
  return command('npm', args, options);
}

async function generate() {
  if (isGenerated()) return;
  await task('Generate the Prisma client', () =>
    command(process.execPath, [inProject('node_modules', 'prisma', 'build', 'index.js'), 'generate'], {
      cwd: PROJECT,
      // Generating wants the path of an engine, but never runs it: with one given, none is downloaded.
      env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
      remedy: 'Mend prisma/schema.prisma or prisma.config.ts as it says, then try again.',
    }),
  );
  writeStamp(GENERATE_STAMP, generateHash());
}

function isGenerated() {
  const [, output] = /^\s*output\s*=\s*"([^"]+)"/m.exec(readText('prisma/schema.prisma') ?? '') ?? [];
  const isThere = output === undefined || existsSync(inProject('prisma', output));
  return isThere && hasStamp(GENERATE_STAMP, generateHash());
}

/** Compiled aside and swapped in: a source that was deleted leaves nothing, a compile that failed breaks nothing. */
async function compile() {
  const hash = buildHash();
  if (hasStamp(BUILD_STAMP, hash)) return;
  await task('Build', async () => {
    const [fresh, old] = [
      inProject('node_modules', '.tandem', 'dist'),
      inProject('node_modules', '.tandem', 'dist.old'),
    ];
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
    const tsc = inProject('node_modules', 'typescript', 'bin', 'tsc');
    await command(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
      cwd: PROJECT,
      remedy: 'Mend the types as it says, then try again.',
    });
    writeFileSync(path.join(fresh, path.basename(BUILD_STAMP)), hash);
    if (existsSync(inProject('dist'))) renameSync(inProject('dist'), old);
    renameSync(fresh, inProject('dist'));
    rmSync(old, { recursive: true, force: true });
  });
}

function installHash() {
  return hashOf(['package.json', 'package-lock.json', '.npmrc'].map((file) => [file, readText(file)]));
}

function generateHash() {
  const version = JSON.parse(readText('node_modules/prisma/package.json') ?? '{}').version;
  const files = ['prisma/schema.prisma', 'prisma.config.ts'];
  return hashOf([['prisma', version], ...files.map((file) => /** @type {const} */ ([file, readText(file)]))]);
}

function buildHash() {
  const sources = readdirSync(inProject('src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(PROJECT, path.join(entry.parentPath, entry.name)))
    .sort();
  const files = ['tsconfig.json', 'tsconfig.build.json', ...sources];
  return hashOf([['installed', installHash()], ...files.map((file) => /** @type {const} */ ([file, readText(file)]))]);
}

/** @param {(readonly [string, string | undefined])[]} parts */
function hashOf(parts) {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/**
 * @param {string} file
 * @param {string} hash
 */
function hasStamp(file, hash) {
  return existsSync(file) && readFileSync(file, 'utf8') === hash;
}

/**
 * @param {string} file
 * @param {string} hash
 */
function writeStamp(file, hash) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, hash);
  renameSync(`${file}.new`, file);
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }> | undefined}
 */
function readLock(file) {
  const text = readText(file);
  return text === undefined ? undefined : JSON.parse(text).packages;
}

function countPackages() {
  const modules = inProject('node_modules');
  if (!existsSync(modules)) return 0;
  return readdirSync(modules).reduce(
    (count, name) => count + (name.startsWith('@') ? readdirSync(path.join(modules, name)).length : 1),
    0,
  );
}

/** @param {string} file */
function readText(file) {
  return existsSync(inProject(file)) ? readFileSync(inProject(file), 'utf8') : undefined;
}

/** @param {string[]} parts */
function inProject(...parts) {
  return path.join(PROJECT, ...parts);
}
