import type { FastifyReply } from 'fastify';
import type { AppError } from '../errors/app-error.js';
import { isRetryable } from '../errors/codes.js';

/** What a request is answered that does not reach the graph, in the graph's own form. */
export interface Refusal {
  readonly errors: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
}

/**
 * Refuses a request for now: the status and the headers are set, the body is to be sent.
 *
 * @param seconds after which it may come again
 */
export function refuseForNow(reply: FastifyReply, status: number, error: AppError, seconds: number): Refusal {
  const { message, code, details } = error;
  void reply.code(status).header('retry-after', Math.max(1, seconds)).header('cache-control', 'no-store');
  const retryable = isRetryable(code) ? { retryable: true } : {};
  return { errors: [{ message, extensions: { code, ...retryable, ...details } }] };
}
