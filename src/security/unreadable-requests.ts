import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { SAFE_HEADERS } from './http-headers.js';
import { refusal, refuse } from './refusal.js';

/** By Node's code, what a client is told of bytes that are no request; anything else is a 400. */
const REFUSALS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive; send it again, at once and in whole'],
  HPE_HEADER_OVERFLOW: [431, 'the headers of a request have 16 KB at most; send fewer or shorter ones'],
};

/** Answers what never became a request (cut for its slowness, malformed), in the graph's own form, and hangs up. */
export function refuseUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, message] = REFUSALS[error.code ?? ''] ?? [400, 'this is no HTTP request'];
  const body = JSON.stringify(refusal('BAD_REQUEST', message));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`,
    ...Object.entries(SAFE_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`),
    `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`,
    'connection: close\r\n',
  ];
  if (socket.writable) socket.write(`${head.join('')}\r\n${body}`);
  socket.destroy(error);
}

/** Answers an address that cannot be read, before any route has it. */
export function refuseAddress(error: { readonly statusCode?: number }, reply: FastifyReply): void {
  refuse(
    reply.headers(SAFE_HEADERS),
    error.statusCode ?? 400,
    'BAD_REQUEST',
    'the address of the request cannot be read',
  );
}

/** Answers what has no route, or fails on its way to one. */
export function answerInGraphql(app: FastifyInstance, path: string, logger: Logger): void {
  app.setNotFoundHandler((_request, reply) => {
    void refuse(reply, 404, 'BAD_REQUEST', `nothing is here; the graph is at ${path}`);
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return refuse(reply, status, 'BAD_REQUEST', error.message);
    logger.error({ err: error }, 'a request failed');
    return refuse(reply, 500, 'INTERNAL_SERVER_ERROR', 'A fault on our side');
  });
}
