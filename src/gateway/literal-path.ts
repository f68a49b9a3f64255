import { GraphQLError, TokenKind, type Token } from 'graphql';

/**
 * Where in the arguments a value stands that is written in the query itself, as a path (`input.total`), or null for an
 * error that is about none. Validation knows the value only; its tokens lead back to the names before it.
 */
export function literalPath(error: unknown): string | null {
  const start = error instanceof GraphQLError ? error.nodes?.[0]?.loc?.startToken : undefined;
  const names: string[] = [];
  for (let token = start === undefined ? null : opening(start); token !== null; token = opening(token)) {
    if (token.kind === TokenKind.PAREN_L) return names.length === 0 ? null : names.reverse().join('.');
    if (token.kind === TokenKind.NAME) names.push(token.value);
  }
  return null;
}

/** The next of these before a value: the name it is given to, or the parenthesis of the arguments that it is in. */
function opening(token: Token): Token | null {
  if (token.prev?.kind === TokenKind.COLON) return token.prev.prev;
  let depth = 0;
  for (let before = token.prev; before !== null; before = before.prev) {
    if (CLOSES.has(before.kind)) depth += 1;
    else if (!OPENS.has(before.kind)) continue;
    else if (depth > 0) depth -= 1;
    else return before.kind === TokenKind.PAREN_L ? before : opening(before);
  }
  return null;
}

const OPENS: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSES: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);
