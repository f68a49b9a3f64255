// @ts-check
// What the tool clairvoyance makes out of the errors of a running gateway, given every word of the schema:
//
//   python3 -m venv /tmp/clairvoyance && /tmp/clairvoyance/bin/pip install clairvoyance
//   PATH=/tmp/clairvoyance/bin:$PATH node scripts/clairvoyance.mjs http://127.0.0.1:4000/graphql
//
// Ends with 0 if it has found no field, with 1 if it has found some, with 2 where the tool or the gateway is not there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const [url = 'http://127.0.0.1:4000/graphql'] = process.argv.slice(2);
/** What the tool ends with where every word gets the same answer. */
const NOTHING = 'Unable to get TypeRef';

const folder = mkdtempSync(path.join(tmpdir(), 'tandem-clairvoyance-'));
try {
  await refuseSilence();
  const words = wordsOfSchema();
  const fields = fieldsByErrors(words);
  process.stdout.write(`${words.length} words tried, ${fields.length} fields found\n`);
  for (const field of fields) process.stdout.write(`  ${field}\n`);
  process.exitCode = fields.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Where nobody answers, nothing can be found. */
async function refuseSilence() {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(url, { method: 'POST', headers, body: '{"query":"{ __typename }"}' }).catch(() => null);
  if (response?.ok !== true) throw new Error(`no graph answers at ${url}`);
}

function wordsOfSchema() {
  const schema = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8');
  return [...new Set(schema.replaceAll(/""".*?"""/gs, '').match(/\b[A-Za-z]\w*\b/g))];
}

/**
 * @param {readonly string[]} words
 * @returns {string[]}
 */
function fieldsByErrors(words) {
  const [list, found] = [path.join(folder, 'words.txt'), path.join(folder, 'found.json')];
  writeFileSync(list, words.join('\n'));
  const { error, stderr } = spawnSync('clairvoyance', ['-w', list, '-o', found, url], { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`clairvoyance cannot be run: ${error.message}`);
  if (existsSync(found)) return fieldsIn(JSON.parse(readFileSync(found, 'utf8')));
  if (stderr.includes(NOTHING)) return [];
  throw new Error(`clairvoyance did not come to an end:\n${stderr}`);
}

/**
 * @param {{ data: { __schema: { types: { name: string, fields: { name: string }[] | null, inputFields: { name: string }[] | null }[] } } }} introspection
 * @returns {string[]}
 */
function fieldsIn({ data: { __schema: schema } }) {
  return schema.types
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap(({ name, fields, inputFields }) =>
      [...(fields ?? []), ...(inputFields ?? [])].map((field) => `${name}.${field.name}`),
    )
    .filter((field) => !field.endsWith('.dummy')); // what the tool puts where it knows nothing
}
