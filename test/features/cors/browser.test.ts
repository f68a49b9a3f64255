import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { print } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { feature } from '../../../src/features/cors/feature.js';
import { startGateway, type Gateway } from '../../../src/gateway/server.js';
import { useBrowser } from '../../support/browser.js';
import { useDatabases } from '../../support/databases.js';
import { gql } from '../../support/gql.js';

const QUERY = print(gql(`query CountFromAPage { orders { totalCount } }`));

const databases = useDatabases();
const open = useBrowser();
const servers: Server[] = [];
let gateway: Gateway;
let listed: string;
let unlisted: string;

/** The address of an empty page, on an origin of its own. */
async function servePage(): Promise<string> {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  [listed, unlisted] = [await servePage(), await servePage()];
  const { platform } = databases;
  const features = [feature({ corsOrigins: [listed] })];
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, features });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const server of servers) server.close();
});

/** What a script of a page on this origin gets from the graph; what the browser keeps from it, as an error. */
async function askFrom(origin: string): Promise<{ answer: unknown; complaints: readonly string[] }> {
  const { page, complaints } = await open(origin);
  await page.unroute('**/*'); // the graph is on another port
  const answer: unknown = await page.evaluate(
    async ([url = '', query]) => {
      const headers = { 'content-type': 'application/json', 'x-apollo-operation-name': 'CountFromAPage' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
      return response.json();
    },
    [gateway.url, QUERY],
  );
  await page.close();
  return { answer, complaints };
}

test('a page of a listed origin reads the answer, in a browser', async () => {
  const { answer, complaints } = await askFrom(listed);
  expect(answer).toEqual({ data: { orders: { totalCount: 0 } } });
  expect(complaints).toEqual([]);
});

test('a page of another origin is refused by the browser', async () => {
  await expect(askFrom(unlisted)).rejects.toThrow('Failed to fetch');
});
