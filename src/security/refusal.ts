import type { FastifyReply } from 'fastify';
import type { AppError } from '../errors/app-error.js';
import { isRetryable, type ErrorCode } from '../errors/codes.js';

/** Apollo Server's code for what is no request at all. */
type Code = ErrorCode | 'BAD_REQUEST';

/** What a request gets that does not reach the graph, in the graph's own form. */
export function refusal(code: Code, message: string, details: AppError['details'] = {}): object {
  const retryable = code !== 'BAD_REQUEST' && isRetryable(code) ? { retryable: true } : {};
  return { errors: [{ message, extensions: { code, ...retryable, ...details } }] };
}

/** Sends it as the type that clients read errors from whatever the status is, where they take it; else as plain JSON. */
export function refuse(
  reply: FastifyReply,
  status: number,
  code: Code,
  message: string,
  details?: AppError['details'],
): FastifyReply {
  const { accept = '' } = reply.request.headers;
  const type = accept.includes('application/graphql-response+json') ? 'graphql-response+json' : 'json';
  return reply
    .code(status)
    .type(`application/${type}; charset=utf-8`)
    .send(JSON.stringify(refusal(code, message, details)));
}

/** The same, of an error that says all of it. */
export function refuseBy(reply: FastifyReply, status: number, { code, message, details }: AppError): FastifyReply {
  return refuse(reply, status, code, message, details);
}

/** Refuses a request for now. @param seconds after which it may come again */
export function refuseForNow(reply: FastifyReply, status: number, error: AppError, seconds: number): FastifyReply {
  return refuseBy(reply.header('retry-after', Math.max(1, seconds)), status, error);
}
