import { GraphQLError, TokenKind, type Token } from 'graphql';

/**
 * Which argument's value an error of GraphQL's is about, as a path (`input.total`), or null for an error that is about
 * none. GraphQL knows the value's place in the query only, or the variable that brought it; the tokens around lead to the
 * names. A variable is followed to the argument that it is given to, whatever the client calls it.
 */
export function argumentPath(error: unknown): string | null {
  if (!(error instanceof GraphQLError)) return null;
  const start = error.nodes?.[0]?.loc?.startToken;
  if (start === undefined) return null;
  const [, variable, within] =
    /^Variable "\$(\w+)"(?: got invalid value .*? at "\w+\.([^"]+)";)?/s.exec(error.message) ?? [];
  if (variable === undefined) return pathTo(start);
  const use = useOf(variable, start);
  return [(use === null ? null : pathTo(use)) ?? variable, ...(within === undefined ? [] : [within])].join('.');
}

/** The names of the argument and of the fields in it that a value is given to. */
function pathTo(value: Token): string | null {
  const names: string[] = [];
  for (let token = opening(value); token !== null; token = opening(token)) {
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

/** Where a variable is first given to an argument, behind its definition. */
function useOf(variable: string, definition: Token): Token | null {
  for (let token = definition.next; token !== null; token = token.next) {
    const isVariable = token.kind === TokenKind.DOLLAR && token.next?.value === variable;
    if (isVariable && GIVES.has(token.prev?.kind ?? '')) return token;
  }
  return null;
}

const OPENS: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSES: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);
const GIVES: ReadonlySet<string> = new Set([TokenKind.COLON, TokenKind.BRACKET_L]);
