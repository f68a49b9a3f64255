import type { FastifyReply } from 'fastify';
import type { ErrorCode } from '../errors/codes.js';

/** Apollo Server's code for what is no request at all. */
type Code = ErrorCode | 'BAD_REQUEST';

/** What a request gets that does not reach the graph, in the graph's own form. */
export function refusal(code: Code, message: string): object {
  return { errors: [{ message, extensions: { code } }] };
}

/** Sends it as the type that clients read errors from whatever the status is, where they take it; else as plain JSON. */
export function refuse(reply: FastifyReply, status: number, code: Code, message: string): FastifyReply {
  const { accept = '' } = reply.request.headers;
  const type = accept.includes('application/graphql-response+json') ? 'graphql-response+json' : 'json';
  return reply
    .code(status)
    .type(`application/${type}; charset=utf-8`)
    .send(JSON.stringify(refusal(code, message)));
}
