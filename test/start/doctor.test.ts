import { execFile, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { inMongo } from '../platform/embedded-support.js';
import type { Settings } from '../support/npm-command.js';
import { ProjectCopy } from '../support/project-copy.js';
import { userEnvironment } from '../support/user-environment.js';
import { useShop } from './shop.js';

const { ObjectId } = mongoose.mongo.BSON;

const STACK = /^\s+at /m;

const shop = useShop();

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Report {
  readonly shape: number;
  readonly errors: number;
  readonly warnings: number;
  readonly checks: readonly { id: string; status: string; message: string; remedy: string | null; data: object }[];
}

/** The command as a program runs it, from a folder that is not the project's. */
function tandem(project: ProjectCopy, args: readonly string[], settings: Settings = {}): Promise<Ended> {
  const command = [project.path('scripts', 'tandem.mjs'), ...args];
  const options = { cwd: '/', env: userEnvironment(settings), maxBuffer: 10_000_000 };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

async function fill(): Promise<void> {
  const ids = (count: number) => Array.from({ length: count }, (_, at) => at.toString(16).padStart(24, '0'));
  await shop.sql(
    `INSERT INTO orders ("userId", "orderNumber", total)
     SELECT lpad(to_hex(n % 120), 24, '0'), 'N' || n, 1 FROM generate_series(1, 1200) n`,
  );
  await inMongo(shop.settings.MONGODB_URI, (db) =>
    db.collection('users').insertMany(ids(100).map((id) => ({ _id: new ObjectId(id) }))),
  );
}

test('npm run doctor finds an empty database wanting, and changes nothing; migrated and filled, it counts who points at nobody', async () => {
  const project = await ProjectCopy.make();
  const [catalogue, collections] = [await shop.catalogue(), await shop.collections()];
  const first = project.npm(['run', 'doctor'], shop.settings);
  expect(await first.ended()).toEqual({ code: 1, signal: null });
  expect(first.stdout).toMatch(/✖ .* without them the graph lacks orders, users, tables of its own/);
  expect(first.complaints).toBe('');
  expect([await shop.catalogue(), await shop.collections()]).toEqual([catalogue, collections]);

  expect(await project.npm(['run', 'migrate'], shop.settings).ended()).toEqual({ code: 0, signal: null });
  await fill();
  const filled = await shop.catalogue();
  const second = project.npm(['run', 'doctor'], shop.settings);
  expect(await second.ended()).toEqual({ code: 0, signal: null });
  expect(second.stdout).toContain('! orders.user: 200 of 1,200 orders point at nobody; here are five\n');
  expect(second.stdout).toMatch(/\n0 errors, \d warnings?\n$/);
  expect(second.stdout).not.toContain('\u001b');
  expect(await shop.catalogue()).toEqual(filled);

  const { code, stdout, stderr } = await tandem(project, ['doctor', '--json'], shop.settings);
  expect([code, stderr]).toEqual([0, '']);
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ shape: 1, errors: 0 });
  expect(report.checks.find(({ id }) => id === 'joins.orders.user')).toMatchObject({
    status: 'warning',
    data: { rows: 1_200, method: 'exact', found: 1_000, nobody: { count: 200 } },
  });
});

test('with --json nothing but the document is on standard output, also when something has to be set up first', async () => {
  const project = await ProjectCopy.make();
  await rm(project.path('src/platform/postgres/generated'), { recursive: true });
  const { code, stdout, stderr } = await tandem(project, ['doctor', '--json'], shop.settings);
  expect(code).toBe(1);
  expect((JSON.parse(stdout) as Report).shape).toBe(1);
  expect(stderr).toContain('✔ Generate the Prisma client');
});

describe('what docs/doctor.md says of the JSON', () => {
  test('names every check that there is', async () => {
    const project = await ProjectCopy.make();
    const page = await readFile(project.path('docs', 'doctor.md'), 'utf8');
    const { stdout } = await tandem(project, ['doctor', '--json'], shop.settings);
    const { checks } = JSON.parse(stdout) as Report;
    const undocumented = checks
      .map(({ id }) => id.replace(/^joins\..*/, 'joins.<'))
      .filter((id) => !page.includes(`\`${id}`));
    expect(undocumented).toEqual([]);
    for (const check of checks) {
      expect(Object.keys(check)).toEqual(['id', 'status', 'message', 'remedy', 'data']);
      expect(page).toContain(`\`${check.status}\``);
    }
  });
});

test('called wrongly it ends with 2 and says how it is called', async () => {
  const project = await ProjectCopy.make();
  const nonsense = await tandem(project, ['doctor', '--nonsense']);
  expect([nonsense.code, nonsense.stdout]).toEqual([2, '']);
  expect(nonsense.stderr).toMatch(/^Unknown option '--nonsense'\n\nusage: npx tandem doctor \[--json\]/);
  const word = await tandem(project, ['docter']);
  expect([word.code, word.stdout]).toEqual([2, '']);
  expect(word.stderr).toMatch(/^docter is no command\.\n\nusage: tandem <command>/);
  expect((await tandem(project, [])).code).toBe(2);
  const help = await tandem(project, ['doctor', '--help']);
  expect([help.code, help.stderr]).toEqual([0, '']);
  expect(help.stdout).toMatch(/^usage: npx tandem doctor/);
  const throughNpm = project.npm(['run', 'doctor', '--', '--nonsense'], {});
  expect(await throughNpm.ended()).toEqual({ code: 2, signal: null });
});

test('a command of tandem is what npm runs', async () => {
  const project = await ProjectCopy.make();
  const { scripts } = JSON.parse(await readFile(project.path('package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const source = await readFile(project.path('scripts', 'tandem.mjs'), 'utf8');
  const commands = [...source.matchAll(/\['(\w+)', \[(.*)\]\],/g)].map(([, name = '', words = '']) => {
    const [file, ...rest] = words.replaceAll("'", '').split(', ');
    return [name, [`node scripts/${file ?? ''}`, ...rest].join(' ')] as const;
  });
  expect(commands.map(([name]) => name)).toEqual([
    'start',
    'worker',
    'migrate',
    'doctor',
    'sync',
    'audit',
    'repair',
    'jobs',
    'seed',
    'reset',
  ]);
  for (const [name, line] of commands) {
    const byItself = ['doctor', 'sync', 'audit', 'repair', 'jobs'].includes(name);
    const expected = byItself ? `node scripts/tandem.mjs ${name}` : line;
    expect(scripts[name]?.replace(/^exec /, '')).toBe(expected);
  }
});

test('neither a server that is away nor a wrong password ends anything else, and no secret or trace is shown', async () => {
  const project = await ProjectCopy.make();
  const DATABASE_URL = Object.assign(new URL(shop.settings.DATABASE_URL), { password: 'hunter2' }).href;
  const MONGODB_URI = `mongodb://me:hunter2@127.0.0.1:${await freePort()}/shop`;
  for (const args of [['doctor'], ['doctor', '--json']]) {
    const { code, stdout, stderr } = await tandem(project, args, { DATABASE_URL, MONGODB_URI });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('password authentication failed');
    expect(stdout).toContain('ECONNREFUSED');
    expect(stdout).toContain('Node 2');
    expect(stdout).not.toContain('hunter2');
    expect(stdout).not.toMatch(STACK);
  }
});

test('wrong settings are findings in the same form', async () => {
  const project = await ProjectCopy.make();
  const { code, stdout } = await tandem(project, ['doctor', '--json'], {
    DATABASE_URL: 'mysql://me:hunter2@localhost/shop',
    PORT: '70000',
  });
  expect(code).toBe(1);
  const { checks } = JSON.parse(stdout) as Report;
  const settings = checks.find(({ id }) => id === 'installation.settings');
  expect(settings?.data).toEqual({ wrong: [expect.stringMatching(/^DATABASE_URL/), expect.stringMatching(/^PORT/)] });
  expect(checks.filter(({ id }) => /^(postgres|mongo)\./.test(id))).toEqual([]);
  expect(stdout).not.toContain('hunter2');
});

test('a reader who stops early is not complained to', async () => {
  const project = await ProjectCopy.make();
  const script = `'${process.execPath}' '${project.path('scripts', 'tandem.mjs')}' doctor 2>&1 >&3 | cat >&2`;
  const child = spawn('sh', ['-c', `{ ${script}; } 3>&1 | head -n 1`], { env: userEnvironment(shop.settings) });
  const [out, err] = [collected(child.stdout), collected(child.stderr)];
  await new Promise((resolve) => child.once('close', resolve));
  expect((await out).split('\n')).toHaveLength(2);
  expect(await err).toBe('');
});

async function collected(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe('embedded databases', () => {
  test('are looked at where no other is named, and stopped again; in use by npm start, that is a finding', async () => {
    const project = await ProjectCopy.make();
    const alone = await tandem(project, ['doctor']);
    expect([alone.code, alone.stderr]).toEqual([0, '']);
    expect(alone.stdout).toMatch(/! \d migrations to be applied: .*\n {4}→ npm start/);
    await project.quiet(5_000);

    const start = await project.start({ PORT: '0' });
    const taken = await tandem(project, ['doctor', '--json']);
    expect([taken.code, taken.stderr]).toEqual([1, '']);
    const { checks } = JSON.parse(taken.stdout) as Report;
    const data = checks.find(({ id }) => id === 'installation.data');
    expect(data?.message).toContain(
      `process ${project.nodePid()}, "npm start" most likely, uses ${project.path('.data')}`,
    );
    expect(data?.remedy).toMatch(/^stop it, then run this again/);
    // What settings name is looked at all the same.
    const { DATABASE_URL } = shop.settings;
    expect((await tandem(project, ['doctor'], { DATABASE_URL })).stdout).toMatch(/✔ PostgreSQL 18/);
    start.signal('SIGTERM');
    expect(await start.ended()).toEqual({ code: 0, signal: null });

    const filled = await tandem(project, ['doctor']);
    expect(filled.code).toBe(0);
    expect(filled.stdout).toMatch(/✔ orders\.user: every userId leads to one of users \(500 rows\)/);
    expect(filled.stdout).toMatch(/\nall is well\n$/);
  });
});
