import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { useGateway } from './recorded-gateway.js';

const run = promisify(execFile);
const PROJECT = path.resolve(import.meta.dirname, '../..');
const FRONT_END = 'test/clients/front-end/';

const databases = useDatabases();
const gateway = useGateway(databases);

/** The page's blocks of code by the file that each says it is. */
async function blocks(): Promise<Map<string, string>> {
  const page = await readFile(path.join(PROJECT, 'docs/apollo-client.md'), 'utf8');
  const found = page.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms);
  return new Map(Array.from(found, ([, file = '', code = '']) => [file, code]));
}

test('docs/apollo-client.md shows the files that the tests run, and all of them', async () => {
  const shown = [...(await blocks())].filter(([file]) => file.endsWith('.ts'));
  const files = (await readdir(path.join(PROJECT, FRONT_END))).filter((file) => file.endsWith('.ts'));
  expect(shown.map(([file]) => file).sort()).toEqual(files.map((file) => FRONT_END + file).sort());
  for (const [file, code] of shown) expect(code, file).toBe(await readFile(path.join(PROJECT, file), 'utf8'));
});

test('a front end made of its blocks alone gets its types from the running gateway, and compiles', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem-front-end-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(path.join(folder, 'src'));
  for (const [file, code] of await blocks()) {
    await writeFile(
      path.join(folder, file.replace(FRONT_END, 'src/')),
      code.replace('http://127.0.0.1:4000/graphql', gateway.url),
    );
  }
  await symlink(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  const tool = (name: string, ...args: string[]) =>
    run(process.execPath, [path.join('node_modules', name), ...args], { cwd: folder });
  await tool('@graphql-codegen/cli/cjs/bin.js', '--config', 'codegen.yml');
  await tool('typescript/bin/tsc', '--project', 'tsconfig.json');
  const url = path.join(folder, 'dist/script.js');
  const script = `import { userOfOrder } from ${JSON.stringify(url)};
    process.stdout.write(await userOfOrder(${JSON.stringify(gateway.url)}, 'nonsense'));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stdout).toBe('BAD_USER_INPUT');
}, 60_000);

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    module: 'NodeNext',
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    types: [],
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
};
