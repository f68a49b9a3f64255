import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../', import.meta.url);
/** Domains that people add are their own. */
const DOMAINS = ['src/domains/user/', 'src/domains/order/', 'src/domains/transaction/', 'src/domains/catalogue.ts'];
const CORE = ['src/join/', 'src/graph/', ...DOMAINS, 'src/gateway/', 'src/scope.ts', 'src/config.ts'];
const MAX_LINES = 2_500;
const MAX_DEPENDENCIES = 15;

async function linesOf(place: string): Promise<number> {
  const files = place.endsWith('/')
    ? (await readdir(new URL(place, ROOT), { recursive: true })).map((file) => place + file)
    : [place];
  const texts = files.filter((file) => file.endsWith('.ts')).map((file) => readFile(new URL(file, ROOT), 'utf8'));
  return (await Promise.all(texts)).reduce((sum, text) => sum + text.split('\n').length - 1, 0);
}

test('the core has 2,500 lines at most, so that it can be read in an hour', async () => {
  const lines = await Promise.all(CORE.map(linesOf));
  expect(lines.every((count) => count > 0)).toBe(true);
  expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(MAX_LINES);
});

test('there are 15 dependencies at most', async () => {
  const manifest = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as { dependencies: object };
  expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(MAX_DEPENDENCIES);
});
