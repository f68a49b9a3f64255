import { readFile, writeFile } from 'node:fs/promises';
import { buildGraph, printGraph } from '../gateway/schema.js';
import type { CommandOptions } from '../platform/task.js';

const FILE = 'schema.graphql';

/** `npm run schema`: writes the graph's schema to `schema.graphql`; with `--check` it only says whether that is fresh. */
export async function main({ argv }: Pick<CommandOptions, 'argv'>): Promise<void> {
  const text = printGraph(buildGraph());
  if (!argv.includes('--check')) return writeFile(FILE, text);
  const written = await readFile(FILE, 'utf8').catch(() => '');
  if (written === text) return;
  throw Object.assign(new Error(`${FILE} is not what the types say; run: npm run schema`), { code: 'SCHEMA_STALE' });
}
