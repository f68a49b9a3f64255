import { CombinedGraphQLErrors } from '@apollo/client';

/** Something that went wrong: `code` says what, `field` which argument was refused, `path` what is null because of it. */
export interface Problem {
  readonly code: string;
  readonly field: string | null;
  readonly path: string;
}

/** What `result.error`, or what a mutation threw, says. Anything but an answer of the graph is UNREACHABLE. */
export function problemsOf(error: unknown): Problem[] {
  if (!CombinedGraphQLErrors.is(error)) return [{ code: 'UNREACHABLE', field: null, path: '' }];
  return error.errors.map(({ extensions = {}, path = [] }) => ({
    code: String(extensions['code']),
    field: typeof extensions['field'] === 'string' ? extensions['field'] : null,
    path: path.join('.'),
  }));
}
