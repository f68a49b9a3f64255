/** A command line that says what its command does not take; the message has how it is used. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** @throws {UsageError} for a word that is none of those known */
export function refuseWords(argv: readonly string[], known: readonly string[], usage: string): void {
  const unknown = argv.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new UsageError(`${unknown} is not an option; ${usage}`);
}
