import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { print } from 'graphql';
import { afterAll, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { Seed } from '../support/seed.js';
import { createCache, createClient } from './front-end/client.js';
import { ORDERS } from './front-end/orders.js';
import { createPersistingClient } from './front-end/persisted.js';
import { problemsOf } from './front-end/problems.js';
import { useGateway } from './recorded-gateway.js';

const run = promisify(execFile);
const PROJECT = path.resolve(import.meta.dirname, '../..');

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem-listed-'));
  folders.push(folder);
  return folder;
}

/** As @apollo/generate-persisted-query-manifest makes it: the texts that the cache makes of operations, by their hashes. */
async function apollosManifest(): Promise<string> {
  const file = path.join(await newFolder(), 'persisted-query-manifest.json');
  const body = print(createCache().transformDocument(ORDERS));
  const id = createHash('sha256').update(body).digest('hex');
  const operations = [{ id, name: 'Orders', type: 'query', body }];
  await writeFile(file, JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }));
  return file;
}

/** As GraphQL Code Generator makes it of the front end's files. */
async function codegensManifest(): Promise<string> {
  const folder = await newFolder();
  await symlink(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'));
  await cp(path.join(PROJECT, 'schema.graphql'), path.join(folder, 'schema.graphql'));
  await cp(path.join(PROJECT, 'test/clients/front-end'), path.join(folder, 'src'), { recursive: true });
  const preset = {
    preset: 'client',
    presetConfig: { gqlTagName: 'gql', persistedDocuments: { hashAlgorithm: 'sha256' } },
  };
  const config = { schema: 'schema.graphql', documents: 'src/*.ts', generates: { 'made/': preset } };
  await writeFile(path.join(folder, 'codegen.json'), JSON.stringify(config));
  const tool = path.join('node_modules', '@graphql-codegen/cli/cjs/bin.js');
  await run(process.execPath, [tool, '--config', 'codegen.json'], { cwd: folder });
  return path.join(folder, 'made/persisted-documents.json');
}

const databases = useDatabases();
const seed = new Seed(databases);
let codegens = '';
const byApollo = useGateway(databases, apollosManifest);
const byCodegen = useGateway(databases, async () => (codegens = await codegensManifest()));

test("Apollo Client's hashes are the ids of its manifest: a query goes by GET, and its text is never sent", async () => {
  const order = await seed.order();
  const { data } = await createPersistingClient(byApollo.url).query({ query: ORDERS });
  expect(data?.orders?.edges.map(({ node }) => node?.id)).toEqual([order.id]);
  const sent = byApollo.received();
  expect(sent.map(({ method, url }) => [method, url.searchParams.has('query')])).toEqual([['GET', false]]);
});

test('Apollo Client that knows no hashes is answered by the text, with the names of types in it', async () => {
  const { data } = await createClient(byApollo.url).query({ query: ORDERS });
  expect(data?.orders?.totalCount).toBeTypeOf('number');
  expect(byApollo.received().map(({ method }) => method)).toEqual(['POST']);
});

test('an operation that is not in the manifest is refused with its code', async () => {
  const another = gql(`query AnotherQuery { users { totalCount } }`);
  for (const client of [createPersistingClient(byApollo.url), createClient(byApollo.url)]) {
    const { error } = await client.query({ query: another, errorPolicy: 'all' });
    expect(problemsOf(error)).toMatchObject([{ code: 'PERSISTED_OPERATION_UNKNOWN' }]);
  }
});

test("the manifest of GraphQL Code Generator has the front end's operations, which are sent by documentId", async () => {
  const documents = Object.entries(JSON.parse(await readFile(codegens, 'utf8')) as Record<string, string>);
  expect(documents.length).toBeGreaterThan(3);
  const [documentId] = documents.find(([, text]) => text.startsWith('query UserOfOrder')) ?? [];
  const response = await fetch(byCodegen.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ documentId, variables: { id: '00000000-0000-4000-8000-000000000000' } }),
  });
  expect(await response.json()).toEqual({ data: { order: null } });
});
