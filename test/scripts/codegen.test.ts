import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { userEnvironment } from '../support/user-environment.js';

const run = promisify(execFile);
const PROJECT = path.resolve(import.meta.dirname, '../..');

/** What `npm run codegen` does in a project whose one test sends this operation. */
async function generate(operation: string): Promise<{ code: number; said: string; types: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem-codegen-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const file of ['codegen.yml', 'schema.graphql', 'package.json'])
    await cp(path.join(PROJECT, file), path.join(folder, file));
  await symlink(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'));
  await mkdir(path.join(folder, 'test'));
  await writeFile(path.join(folder, 'test/one.test.ts'), `export const one = gql(\`${operation}\`);`);
  const ended = await run('npm', ['run', 'codegen'], { cwd: folder, env: userEnvironment() }).catch((e: unknown) => e);
  const { code = 0, stdout, stderr } = ended as { code?: number; stdout: string; stderr: string };
  const types = await readFile(path.join(folder, 'test/support/generated/graphql.ts'), 'utf8').catch(() => '');
  return { code, said: stdout + stderr, types };
}

test('an operation is typed as it travels: amounts and times are strings, what may be missing is null', async () => {
  const { code, types } = await generate('query One($id: ID!) { order(id: $id) { total createdAt userName } }');
  expect(code).toBe(0);
  expect(types).toContain('{ order: { total: string, createdAt: string, userName: string | null } | null }');
});

test.each([
  ['a field that is not there', 'query One { orders { nodes { colour } } }', 'Cannot query field "colour"'],
  ['an argument that is not there', 'query One { orders(size: 3) { totalCount } }', 'Unknown argument "size"'],
  ['a variable of another type', 'query One($id: Int!) { order(id: $id) { id } }', 'Variable "$id" of type "Int!"'],
])('%s fails, and the file and the reason are named', async (_, operation, reason) => {
  const { code, said } = await generate(operation);
  expect(code).toBe(1);
  expect(said).toContain(reason);
  expect(said).toContain('one.test.ts');
});
