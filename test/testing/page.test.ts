import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const EXAMPLES = 'test/testing/examples/';

test('docs/testing-resolvers.md quotes every example as it stands in the suite', async () => {
  const page = await readFile(new URL('docs/testing-resolvers.md', ROOT), 'utf8');
  const blocks = [...page.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, file = '', text]) => [file, text] as const);
  const files = (await readdir(new URL(EXAMPLES, ROOT))).map((name) => EXAMPLES + name);
  expect(blocks.map(([file]) => file).sort()).toEqual(files.sort());
  for (const [file, text] of blocks) expect(text, file).toBe(await readFile(new URL(file, ROOT), 'utf8'));
});

test('the unit test without a database has ten lines, blank ones aside', async () => {
  const text = await readFile(new URL(`${EXAMPLES}resolver.test.ts`, ROOT), 'utf8');
  expect(text.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
});
