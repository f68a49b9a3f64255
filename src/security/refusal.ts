import type { ErrorCode } from '../errors/codes.js';

/** Apollo Server's code for what is no request at all. */
type Code = ErrorCode | 'BAD_REQUEST';

/** What a request gets that does not reach the graph, in the graph's own form. */
export function refusal(code: Code, message: string): object {
  return { errors: [{ message, extensions: { code } }] };
}
