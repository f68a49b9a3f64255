import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { userEnvironment } from '../support/user-environment.js';

const run = promisify(execFile);
const SCRIPT = path.resolve(import.meta.dirname, '../../scripts/check-schema-changes.mjs');

const FIRST = 'type Query { order: String, user: String }\n';
const WIDER = 'type Query { order: String, user: String, new: String }\n';
const NARROWER = 'type Query { order: String }\n';
const REMOVED = "Field 'user' was removed from object type 'Query'";

interface Review {
  readonly code: number;
  readonly said: string;
}

/** A folder with a schema.graphql, of which git may know. */
class Checkout {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<Checkout> {
    const folder = await mkdtemp(path.join(tmpdir(), 'tandem-schema-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return new Checkout(folder);
  }

  static async clone({ from, shallow = false }: { from: Checkout; shallow?: boolean }): Promise<Checkout> {
    const clone = await Checkout.make();
    await clone.git('clone', '--quiet', ...(shallow ? ['--depth=1'] : []), `file://${from.#folder}`, '.');
    return clone;
  }

  async git(...args: string[]): Promise<void> {
    const nobody = ['-c', 'user.name=n', '-c', 'user.email=n@example.com', '-c', 'commit.gpgsign=false'];
    await run('git', [...nobody, ...args], { cwd: this.#folder, env: GIT_ENVIRONMENT });
  }

  async write(text: string, file = 'schema.graphql'): Promise<void> {
    await writeFile(path.join(this.#folder, file), text);
  }

  /** Commits each version of the schema after the other. */
  async commit(...versions: string[]): Promise<void> {
    for (const version of versions) {
      await this.write(version);
      await this.git('add', '.');
      await this.git('commit', '--quiet', '--message', 'change');
    }
  }

  async review(environment = GIT_ENVIRONMENT): Promise<Review> {
    const options = { cwd: this.#folder, env: environment };
    const ended = await run(process.execPath, [SCRIPT], options).catch((error: unknown) => error);
    const { code = 0, stdout, stderr } = ended as { code?: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
}

/** Without the settings of whoever runs the test, or of a git that runs it. */
const GIT_ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(userEnvironment()).filter(([name]) => !name.startsWith('GIT_'))),
  GIT_CONFIG_GLOBAL: '/dev/null',
};

async function repository(...versions: string[]): Promise<Checkout> {
  const made = await Checkout.make();
  await made.git('init', '--quiet', '--initial-branch=main');
  await made.commit(...versions);
  return made;
}

describe('a change is reviewed', () => {
  test('before it is committed, against the last commit', async () => {
    const project = await repository(NARROWER, FIRST);
    await project.write(WIDER);
    const { code, said } = await project.review();
    expect(said).toContain('1 changes since the last commit');
    expect(said).toContain("safe: Field 'new' was added to object type 'Query'");
    expect(code).toBe(0);
  });

  test('once it is committed, against what was there before, also under commits of other files', async () => {
    const project = await repository(FIRST, NARROWER);
    await project.write('else', 'README');
    await project.commit(NARROWER);
    const { code, said } = await project.review();
    expect(said).toContain(`breaking: ${REMOVED}`);
    expect(code).toBe(1);
  });

  test('on a branch, all its commits against origin/main', async () => {
    const clone = await Checkout.clone({ from: await repository(WIDER, FIRST) });
    await clone.git('checkout', '--quiet', '-b', 'topic');
    await clone.commit(NARROWER, 'type Query { order: String, more: String }\n');
    const { code, said } = await clone.review();
    expect(said).toContain('2 changes since origin/main');
    expect(said).toContain(`breaking: ${REMOVED}`);
    expect(code).toBe(1);
  });

  test('on a branch, what came to origin/main meanwhile is no change of it', async () => {
    const origin = await repository(NARROWER, FIRST);
    const clone = await Checkout.clone({ from: origin });
    await clone.git('checkout', '--quiet', '-b', 'topic');
    await clone.commit('type Query { order: String, user: String, mine: String }\n');
    await origin.commit(WIDER);
    await clone.git('fetch', '--quiet');
    const { code, said } = await clone.review();
    expect(said).toContain("1 changes since origin/main.\n  safe: Field 'mine' was added");
    expect(code).toBe(0);
  });

  test('on main, where nothing is new, against what was there before', async () => {
    const { code, said } = await (await Checkout.clone({ from: await repository(FIRST, NARROWER) })).review();
    expect(said).toContain(`breaking: ${REMOVED}`);
    expect(code).toBe(1);
  });
});

describe('a change that breaks clients', () => {
  test('fails, with what to do about it', async () => {
    const { code, said } = await (await repository(FIRST, NARROWER)).review();
    expect(code).toBe(1);
    expect(said).toContain('schema-changes.json');
    expect(said).not.toMatch(/at .*\.mjs/);
  });

  test('passes when it is accepted by its message, with the reason; another still fails', async () => {
    const project = await repository('type Query { order: String, user: String, old: String }\n', NARROWER);
    const accept = (...changes: string[]) =>
      project.write(JSON.stringify(changes.map((change) => ({ change, reason: 'never used' }))), 'schema-changes.json');
    await accept(REMOVED);
    expect(await project.review()).toMatchObject({
      code: 1,
      said: expect.stringContaining('(accepted: never used)') as string,
    });
    await accept(REMOVED, REMOVED.replace('user', 'old'));
    expect(await project.review()).toMatchObject({ code: 0 });
  });

  test('is not accepted without a reason', async () => {
    const project = await repository(FIRST, NARROWER);
    await project.write(JSON.stringify([{ change: REMOVED, reason: ' ' }]), 'schema-changes.json');
    const { code, said } = await project.review();
    expect([code, said.includes('takes a list of { "change", "reason" }')]).toEqual([1, true]);
  });
});

test('a dangerous change is named and passes', async () => {
  const project = await repository('enum E { A }\ntype Query { e: E }\n', 'enum E { A B }\ntype Query { e: E }\n');
  const { code, said } = await project.review();
  expect(said).toContain("dangerous: Enum value 'B' was added to enum 'E'");
  expect(code).toBe(0);
});

describe('where there is nothing to compare with, it says so and passes', () => {
  test.each([
    ['outside of git', 'this is no clone, or it has no commit yet', () => Checkout.make()],
    [
      'without git',
      'this is no clone, or it has no commit yet',
      () => repository(FIRST, NARROWER),
      { PATH: '/nowhere' },
    ],
    ['before the first commit', 'this is no clone, or it has no commit yet', () => repository()],
    ['in its first version', 'it never changed', () => repository(NARROWER)],
    [
      'in a shallow clone',
      'the clone is shallow (git fetch --unshallow)',
      async () => Checkout.clone({ from: await repository(FIRST, NARROWER), shallow: true }),
    ],
  ])('%s', async (_, reason, make, environment: object = {}) => {
    const project = await make();
    await project.write(NARROWER);
    const { code, said } = await project.review({ ...GIT_ENVIRONMENT, ...environment });
    expect(said).toBe(`schema.graphql: nothing to compare with: ${reason}.\n`);
    expect(code).toBe(0);
  });

  test('in a project whose commits have no schema yet', async () => {
    const project = await repository();
    await project.write('x', 'README');
    await project.git('add', '.');
    await project.git('commit', '--quiet', '--message', 'first');
    await project.write(FIRST);
    expect(await project.review()).toEqual({
      code: 0,
      said: 'schema.graphql: nothing to compare with: no commit has it yet.\n',
    });
  });
});
