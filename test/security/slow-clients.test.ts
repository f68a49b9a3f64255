import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Feature } from '../../src/gateway/feature.js';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_PATIENCE, type Patience } from '../../src/security/slow-clients.js';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();
/** Within a second, so that the test is short; in production the same with other numbers, which are below. */
const QUICK: Patience = { head: 400, request: 700, look: 100, next: 400, taking: 400 };
const LARGE = 64 * 2 ** 20;

const sockets: Socket[] = [];
let server: Server;
let gateway: Gateway;

/** Gives the HTTP server away, and has a large answer at /large. */
const probe: Feature = {
  extendHttp: (app) => {
    ({ server } = app);
    app.get('/large', () => Buffer.alloc(LARGE));
  },
};
const start = (patience?: Patience) =>
  startGateway({
    platform: databases.platform,
    host: '127.0.0.1',
    port: 0,
    features: [probe],
    ...(patience === undefined ? {} : { patience }),
  });

beforeAll(async () => {
  gateway = await start(QUICK);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => gateway[Symbol.asyncDispose]());

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What was received until the server hung up. */
async function untilClosed(socket: Socket): Promise<string> {
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  await closed(socket);
  return received;
}

/** Whatever was said before. */
const closed = (socket: Socket) =>
  new Promise((resolve) => {
    if (socket.closed) resolve(null);
    else socket.once('close', resolve);
  });

/** Sends a byte of it every 50 ms, as long as the connection is open. */
function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else socket.write(text[at++ % text.length] ?? '');
  }, 50);
  socket.once('close', () => {
    clearInterval(timer);
  });
}

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

describe('is cut with 408, or without a word,', () => {
  test.each([
    ['who connects and sends nothing', () => undefined],
    ['who sends a part of a head and no more', (socket: Socket) => void socket.write(HEAD)],
    [
      'whose head never ends, byte by byte',
      (socket: Socket) => {
        socket.write(HEAD);
        drip(socket, 'x-a: b\r\n');
      },
    ],
    ['who promises a body and sends none', (socket: Socket) => void socket.write(`${HEAD}content-length: 99\r\n\r\n`)],
    [
      'whose body comes byte by byte',
      (socket: Socket) => {
        socket.write(`${HEAD}content-length: 99999\r\n\r\n`);
        drip(socket, '{"query":"');
      },
    ],
    [
      'whose body comes in chunks that never end',
      (socket: Socket) => {
        socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
        drip(socket, '1\r\na\r\n');
      },
    ],
  ])('%s', async (_, send) => {
    const socket = await open();
    send(socket);
    const answer = await untilClosed(socket);
    expect(answer).toMatch(/^(?:HTTP\/1\.1 408 Request Timeout\r\n|$)/);
    if (answer !== '')
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
        errors: [{ extensions: { code: 'BAD_REQUEST' } }],
      });
  });
});

test('who takes nothing of a large answer is hung up on', async () => {
  const socket = await open();
  socket.write('GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n');
  socket.pause();
  await expect.poll(() => openConnections()).toBe(1);
  await expect.poll(() => openConnections()).toBe(0);
  expect((await untilClosed(socket.resume())).length).toBeLessThan(LARGE);
});

test('who asks nothing more on a connection is hung up on, after an answer', async () => {
  const socket = await open();
  socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\{"status":"ok"\}$/s);
});

test('300 who dawdle keep nobody from an answer, and are gone soon', async () => {
  const slow = await Promise.all(Array.from({ length: 300 }, open));
  for (const socket of slow) {
    socket.write(HEAD);
    drip(socket, 'x-a: b\r\n');
  }
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query: '{ orders { totalCount } }' }),
  });
  expect(await response.json()).toEqual({ data: { orders: { totalCount: 0 } } });
  await Promise.all(slow.map(closed));
  await expect.poll(() => openConnections()).toBe(0);
});

test('the usual times: a head or a body that is slow is cut within 20 s', async () => {
  await using usual = await start();
  expect(usual.url).not.toBe(gateway.url);
  expect(server).toMatchObject({
    headersTimeout: USUAL_PATIENCE.head,
    requestTimeout: USUAL_PATIENCE.request,
    keepAliveTimeout: USUAL_PATIENCE.next,
    // As Node has it of the options; where it is looked for anew, that is this often.
    connectionsCheckingInterval: USUAL_PATIENCE.look,
  });
  const { head, request, look } = USUAL_PATIENCE;
  expect(Math.max(head, request) + look).toBeLessThan(20_000);
});

function openConnections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
