import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';

/**
 * Holds a table in a page of docs/ equal to what a test has measured. It stands between `<!-- name -->` and
 * `<!-- /name -->`; with `UPDATE_DOCS=1` it is written.
 */
export async function expectTable(page: string, name: string, table: string): Promise<void> {
  const file = new URL(`../../docs/${page}`, import.meta.url);
  const text = await readFile(file, 'utf8');
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)];
  expect(to, `docs/${page} has the marks of ${name}`).toBeGreaterThanOrEqual(from);
  if (process.env['UPDATE_DOCS'] === '1')
    await writeFile(file, `${text.slice(0, from)}\n${table}\n\n${text.slice(to)}`);
  else expect(text.slice(from, to).trim(), 'UPDATE_DOCS=1 npm test writes it').toBe(table.trim());
}
