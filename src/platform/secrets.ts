/** What is a secret by its name. */
const NAME = String.raw`[\w-]*(?:authorization|cookie|passw(?:or)?d|secret|api-?key|(?:access|refresh|id)_?token)`;

/** By these a line of the log is gone through, each with what stays of it: a name, or the beginning of an address. */
const SECRETS: readonly (readonly [pattern: RegExp, kept: string])[] = [
  // postgresql://me:secret@host, up to the last @, since a password may have one that is not encoded. Some are
  // tokens of two thousand characters; without an end, every scheme in a line would have the rest of it gone through.
  [/(\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s:@/"\\]*):[^\s"\\]{0,4000}@/gi, '$1:***@'],
  // ?password=secret, as drivers take it in addresses; password=secret, as libpq does between spaces.
  [/\b(\w*(?:password|passwd|secret|properties)\s*=\s*)(?:'[^']*'|[^\s&"'\\]+)/gi, '$1***'],
  // "authorization":"secret", and whatever else is a secret by its name, in a value of JSON; and in JSON inside of a text.
  [new RegExp(String.raw`("${NAME}"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])`, 'gi'), '$1"***"'],
  [
    new RegExp(String.raw`(\\"${NAME}\\"\s*:\s*)\\"(?:[^"\\]|\\\\(?:\\"|\\\\|[^"\\]))*\\"`, 'gi'),
    String.raw`$1\"***\"`,
  ],
  // What a header says, wherever it stands: the scheme, and a token.
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 ***'],
  // A JSON Web Token, which needs no scheme to be one.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '***'],
];

/**
 * A line of the log without what would let its reader in: passwords in addresses of databases, headers that say who
 * somebody is, and tokens, however deep in an error of whatever driver they are.
 */
export function withoutSecrets(line: string): string {
  return SECRETS.reduce((text, [pattern, kept]) => text.replace(pattern, kept), line);
}
