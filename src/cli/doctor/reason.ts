/** A line of a trace, ours or that of Prisma's engine. */
const TRACE = /^\s*(?:at |\d+: )/;

/** What a driver said: the innermost message in one line, without traces and what Prisma puts around it. */
export function reasonOf(error: unknown): string {
  let reason = String(error);
  for (let inner = error; inner instanceof Error; inner = inner.cause) reason = inner.message || inner.name;
  const lines = reason.split('\n').filter((line) => line.trim() !== '' && !TRACE.test(line));
  const lastLine = lines.at(-1)?.trim() ?? '';
  const said = /Message: `(.*)`/.exec(lastLine)?.[1] ?? lastLine.replace(/^ERROR:\s*/, '');
  // MongoDB repeats the whole command.
  return said.replace(/execute command \{ (\w+):.*/, 'run $1').replace(/\.$/, '');
}

/** The code of an error or of what caused it: an SQLSTATE, a system's (`ECONNREFUSED`), a number of MongoDB's. */
export function codesOf(error: unknown): ReadonlySet<string> {
  const codes = new Set<string>();
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if ('code' in inner) codes.add(String(inner.code));
  }
  return codes;
}

/** A text in which nothing of an address's secrets is left, however a driver may have spelt them. */
export function withoutPassword(text: string, address: string): string {
  const [, password = ''] = /^[^:]+:\/\/[^:@/]*:([^@]*)@/.exec(address) ?? [];
  const spellings = [password, decoded(password)].filter((spelling) => spelling.length > 2);
  return spellings.reduce((masked, spelling) => masked.replaceAll(spelling, '***'), text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
