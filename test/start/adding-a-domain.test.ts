import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import mongoose from 'mongoose';
import { expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { inMongo } from '../platform/embedded-support.js';
import { ProjectCopy } from '../support/project-copy.js';
import { sql } from '../support/rows.js';
import { startServers } from '../support/servers.js';
import { ask } from './graph-client.js';

const run = promisify(execFile);
const { Decimal128, ObjectId } = mongoose.mongo.BSON;

const PAGE = new URL('../../docs/adding-a-domain.md', import.meta.url);

interface Block {
  readonly language: string;
  readonly file: string;
  readonly code: string;
}

/** The page's blocks of code that say which file they are. */
async function recipe(): Promise<Block[]> {
  const blocks = (await readFile(PAGE, 'utf8')).matchAll(/^```(\w+) (\S+)\n(.*?)^```$/gms);
  return [...blocks].map(([, language = '', file = '', code = '']) => ({ language, file, code }));
}

/** Does what the page says: writes its files, and changes the one that is there. */
async function follow(project: ProjectCopy, blocks: readonly Block[]): Promise<void> {
  for (const { language, file, code } of blocks) {
    await mkdir(path.dirname(project.path(file)), { recursive: true });
    if (language !== 'diff') {
      await writeFile(project.path(file), code);
      continue;
    }
    await writeFile(project.path('change.diff'), `--- a/${file}\n+++ b/${file}\n${code}`);
    await run('git', ['apply', 'change.diff'], { cwd: project.folder });
    await rm(project.path('change.diff'));
  }
}

test('the recipe takes four files and 40 lines beside its migration', async () => {
  const blocks = (await recipe()).filter(({ language }) => language !== 'sql');
  const lines = blocks.flatMap(({ language, code }) =>
    code.split('\n').filter((line) => (language === 'diff' ? line.startsWith('+') : line.trim() !== '')),
  );
  expect(blocks).toHaveLength(4);
  expect(lines).toHaveLength(40);
});

// The project's own checks are run here, too, which takes minutes on a busy machine.
const PATIENCE = 600_000;

test(
  'who follows it to the letter has two types, joined both ways, paged, filtered and sorted',
  { timeout: PATIENCE },
  async () => {
    const project = await ProjectCopy.make();
    await follow(project, await recipe());
    const { postgresUrl, mongoUrl, stop } = await startServers();
    try {
      const port = String(await freePort());
      const settings = { DATABASE_URL: postgresUrl, MONGODB_URI: mongoUrl, PORT: port };
      const migrate = project.npm(['run', 'migrate'], settings);
      const migrated = await migrate.ended();
      expect(migrated, migrate.output).toEqual({ code: 0, signal: null });
      const ids = await fill(postgresUrl, mongoUrl);
      const start = await project.start(settings);
      await checkAnswers(port, ids);
      start.signal('SIGTERM');
      await start.ended();
      expect(start.complaints).toBe('');

      // The compiler has passed it: `npm start` builds.
      const checks = [
        ['exec', '--', 'eslint', '--max-warnings', '0', 'src/domains'],
        ['exec', '--', 'depcruise', 'src'],
        ['test', '--', 'test/core-size.test.ts', 'test/domains/relations.test.ts', 'test/domains/lists.test.ts'],
      ];
      for (const check of checks) {
        const checked = project.npm(check);
        const ending = await checked.ended(PATIENCE / 2);
        expect(ending, checked.output).toEqual({ code: 0, signal: null });
      }
    } finally {
      await stop();
    }
  },
);

/** Five products, cheapest first; the nth is ordered n times. Beside them an item of nobody, and one of nothing. */
async function fill(postgresUrl: string, mongoUrl: string): Promise<string[]> {
  const ids = Array.from({ length: 5 }, () => new ObjectId());
  const prices = [9.5, '10.50', Decimal128.fromString('20'), Decimal128.fromString('30.25'), null];
  await inMongo(mongoUrl, (db) =>
    db
      .collection('products')
      .insertMany(
        ids.map((_id, at) => ({ _id, name: `lamp ${at}`, price: prices[at], createdAt: new Date(1e12 + at) })),
      ),
  );
  const references = [
    ...ids.flatMap((id, at) => Array.from({ length: at + 1 }, () => id.toHexString())),
    new ObjectId().toHexString(),
    'malformed',
  ];
  for (const [at, productId] of references.entries()) {
    const written = at % 2 === 0 ? productId : productId.toUpperCase();
    await sql(postgresUrl, `INSERT INTO order_items ("productId", quantity) VALUES ('${written}', ${at + 1})`);
  }
  return ids.map((id) => id.toHexString());
}

interface Products {
  readonly products: {
    readonly totalCount: number;
    readonly nodes: readonly {
      readonly id: string;
      readonly price: string;
      readonly orderItems: { readonly nodes: readonly { quantity: number; product: { name: string } }[] };
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

async function checkAnswers(port: string, ids: readonly string[]): Promise<void> {
  const query = `
    query ($after: String) {
      products(first: 2, after: $after, where: { price: { gte: "10" } }, orderBy: [{ price: desc }]) {
        totalCount
        nodes { id price orderItems(last: 2, where: { quantity: { gt: 4 } }) { nodes { quantity product { name } } } }
        pageInfo { hasNextPage endCursor }
      }
    }`;
  const { products: first } = await ask<Products>(port, query);
  expect(first.totalCount).toBe(3);
  expect(first.nodes.map(({ id, price }) => [id, price])).toEqual([
    [ids[3], '30.25'],
    [ids[2], '20.00'],
  ]);
  // Newest first, of which the last two.
  expect(first.nodes.map(({ orderItems }) => orderItems.nodes.map(({ quantity }) => quantity))).toEqual([
    [8, 7],
    [6, 5],
  ]);
  expect(first.nodes[0]?.orderItems.nodes[0]?.product).toEqual({ name: 'lamp 3' });
  const { products: second } = await ask<Products>(port, query, { after: first.pageInfo.endCursor });
  expect(second.nodes.map(({ id }) => id)).toEqual([ids[1]]);
  expect(second.pageInfo.hasNextPage).toBe(false);

  const items = await ask<{ orderItems: { totalCount: number; nodes: { product: object | null }[] } }>(
    port,
    '{ orderItems(first: 100) { totalCount nodes { product { id } } } }',
  );
  expect(items.orderItems.totalCount).toBe(17);
  expect(items.orderItems.nodes.filter(({ product }) => product === null)).toHaveLength(2);
}
