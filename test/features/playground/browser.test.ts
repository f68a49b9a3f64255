import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { feature } from '../../../src/features/playground/feature.js';
import { startGateway, type Gateway } from '../../../src/gateway/server.js';
import { useBrowser } from '../../support/browser.js';
import { useDatabases } from '../../support/databases.js';
import { Seed } from '../../support/seed.js';

const openPage = useBrowser();
const databases = useDatabases();
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0, features: [feature] });
  const seed = new Seed(databases);
  const [ada, grace] = await Promise.all(['Ada', 'Grace'].map((username) => seed.user({ username })));
  await seed.order({ user: ada, orderNumber: 'A-1', createdAt: '2024-01-01T00:00:00Z' });
  await seed.order({ user: grace, orderNumber: 'G-1', createdAt: '2024-01-02T00:00:00Z' });
});
afterAll(async () => gateway[Symbol.asyncDispose]());

const QUERY = '.graphiql-query-editor';
const TOOL = '.graphiql-editor-tool .graphiql-editor:not(.hidden)';
const ANSWER = '.result-window';

/** Opens the IDE, works in it, and sees that it asked no other host for anything and that nothing went wrong. */
async function inPlayground(work: (page: Page) => Promise<void>, address = gateway.url): Promise<void> {
  const { page, outside, complaints } = await openPage(address);
  await page.locator(`${QUERY} .view-line`).first().waitFor();
  await page.getByRole('button', { name: 'Execute query' }).waitFor();
  await work(page);
  expect(outside).toEqual([]);
  expect(complaints).toEqual([]);
  await page.context().close();
}

/** Replaces what is in an editor, by keyboard. */
async function type(page: Page, editor: string, text: string): Promise<void> {
  await page.locator(`${editor} .view-lines`).click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('Delete');
  await page.keyboard.type(text);
  await page.keyboard.press('Escape'); // what is proposed
}

/** What an editor shows, as one line. */
async function shown(page: Page, editor: string): Promise<string> {
  const lines = await page.locator(`${editor} .view-line`).allTextContents();
  return lines.join(' ').replaceAll(/\s+/g, ' ').trim();
}

/** Runs what is in the editor, by keyboard. */
async function run(page: Page): Promise<Request> {
  const isQuery = (sent: Request) => sent.postData()?.includes('IntrospectionQuery') === false;
  const [sent] = await Promise.all([page.waitForRequest(isQuery), page.keyboard.press('ControlOrMeta+Enter')]);
  return sent;
}

/** What an editor or a page comes to show. */
const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 10_000 });

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();

// The editor takes its time to load, more so on a busy machine.
describe('in a browser', { timeout: 60_000 }, () => {
  test('a query typed by keyboard is answered from both databases', () =>
    inPlayground(async (page) => {
      await type(page, QUERY, '{ orders(first: 1) { nodes { orderNumber user { username } } } }');
      await run(page);
      await eventually(() => shown(page, ANSWER)).toBe(
        '{ "data": { "orders": { "nodes": [ { "orderNumber": "G-1", "user": { "username": "Grace" } } ] } } }',
      );
    }));

  test('the sample query is there, and runs at once', () =>
    inPlayground(async (page) => {
      await eventually(() => shown(page, QUERY)).toContain('user { username email }');
      await run(page);
      await eventually(() => shown(page, ANSWER)).toMatch(/"G-1".*"Grace".*"A-1".*"Ada"/);
    }));

  test('a query in the address is there, and is not run unasked', async () => {
    const address = `${gateway.url}?query=${encodeURIComponent('{ users { totalCount } }')}`;
    await inPlayground(async (page) => {
      await eventually(() => shown(page, QUERY)).toBe('{ users { totalCount } }');
      expect(await shown(page, ANSWER)).toBe('');
      await run(page);
      await eventually(() => shown(page, ANSWER)).toContain('"totalCount": 2');
    }, address);
  });

  test('behind a proxy that has it at another path it works as well', async () => {
    const proxy = createServer((received, reply) => {
      const { method, headers } = received;
      const path = received.url?.replace(/^\/shop\/v1/, '');
      const passedOn = request(gateway.url, { path, method, headers }, (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      });
      received.pipe(passedOn);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void proxy.close());
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    await inPlayground(async (page) => {
      await run(page);
      await eventually(() => shown(page, ANSWER)).toContain('"Grace"');
    }, `http://127.0.0.1:${port}/shop/v1/graphql`);
  });

  test('variables and headers are sent, and headers are not kept', () =>
    inPlayground(async (page) => {
      await type(page, QUERY, 'query Some($first: Int!) { orders(first: $first) { nodes { orderNumber } } }');
      await button(page, 'Variables');
      await type(page, TOOL, '{ "first": 1 }');
      await button(page, 'Headers');
      await type(page, TOOL, '{ "x-team": "checkout" }');
      const sent = await run(page);
      expect(sent.postDataJSON()).toMatchObject({ variables: { first: 1 } });
      expect(await sent.headerValue('x-team')).toBe('checkout');
      await eventually(() => shown(page, ANSWER)).toContain('"G-1"');

      await page.reload();
      await eventually(() => shown(page, QUERY)).toContain('query Some');
      await eventually(() => page.evaluate('JSON.stringify(localStorage)')).toContain('query Some');
      expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('checkout');
    }));

  test('headers are kept by who asks for it, also at the visit after the next', () =>
    inPlayground(async (page) => {
      await button(page, 'Open settings dialog');
      await button(page, 'On');
      await page.keyboard.press('Escape');
      await button(page, 'Headers');
      await type(page, TOOL, '{ "x-team": "checkout" }');
      await eventually(() => page.evaluate('JSON.stringify(localStorage)')).toContain('checkout');
      for (let visit = 0; visit < 2; visit++) {
        await page.reload();
        await button(page, 'Headers');
        await eventually(() => shown(page, TOOL)).toBe('{ "x-team": "checkout" }');
      }
    }));

  test('a field that is not there is marked while it is typed', () =>
    inPlayground(async (page) => {
      await type(page, QUERY, '{ orders { nodes { orderNumbre } } }');
      await page.locator('.squiggly-error').first().waitFor();
    }));

  test('what can be asked is described, drawn up and ticked', () =>
    inPlayground(async (page) => {
      await button(page, 'Show Documentation Explorer');
      await page.getByRole('link', { name: 'Query', exact: true }).click();
      await page.getByText('All orders, filtered, sorted and paged.').waitFor();
      await button(page, 'Show SDL');
      await page.getByText(/type Order \{/).waitFor();
      await button(page, 'Show GraphiQL Explorer');
      await page.locator('.graphiql-explorer-root').getByText('transactions').first().waitFor();
      await button(page, 'Show History');
    }));

  test('a query and its variables are made pretty', () =>
    inPlayground(async (page) => {
      await type(page, QUERY, '{orders{nodes{id}}}');
      await button(page, 'Variables');
      await type(page, TOOL, '{"a":1}');
      await button(page, /^Prettify/);
      await eventually(() => shown(page, QUERY)).toBe('{ orders { nodes { id } } }');
      await eventually(() => shown(page, TOOL)).toBe('{ "a": 1 }');
    }));

  test('nothing is offered that the gateway does not answer', () =>
    inPlayground(async (page) => {
      await page.getByRole('button', { name: 'Show SDL' }).waitFor();
      expect(await page.getByRole('button', { name: 'Explain' }).count()).toBe(0);
      await button(page, 'Options');
      expect(await page.getByRole('menuitem').allTextContents()).toEqual(['✔Condensed']);
    }));

  test('what the policy forbids is refused, and what is asked of another host is seen', async () => {
    const { page, outside, complaints } = await openPage(gateway.url);
    await page.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'document.title = "taken over"';
      document.head.append(script);
      void fetch('https://outside.example/').catch(() => undefined);
    }`);
    expect(await page.title()).toBe('Tandem');
    await eventually(async () => complaints.join()).toMatch(
      /inline script.*Content Security Policy.*outside\.example/s,
    );
    expect(outside).toEqual([]);

    await page.goto('about:blank'); // which has no policy
    await page.evaluate(() => fetch('https://outside.example/').catch(() => undefined));
    expect(outside).toEqual(['https://outside.example/']);
    await page.context().close();
  });
});
