const NUMBER = new Intl.NumberFormat('en-US');

/** Names that are listed before the rest is counted. */
const LISTED = 8;

/** `98,000`. */
export function number(value: number): string {
  return NUMBER.format(value);
}

/** A number to so many digits as are known of it: `1,060,000`. */
export function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** `1 row`, `98,000 rows`, `2 indexes`. */
export function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${number(count)} ${noun}${/x$/.test(noun) ? 'es' : 's'}`;
}

/** `a, b, c and 12 more`. */
export function list(names: readonly string[]): string {
  const rest = names.length - LISTED;
  return rest > 0 ? `${names.slice(0, LISTED).join(', ')} and ${rest} more` : names.join(', ');
}

/** Longer texts are cut: people's rows hold anything. */
const SHOWN = 80;

/** A stored value as one would write it, on one line, without what a terminal would obey. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return printable(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
}

/** A text without control characters: a database's names and values may hold what a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
