/** A migration or an index that could not be brought about: the message says which, and what the database said. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code = 'MIGRATION_FAILED';

  /**
   * @param what was tried, in SQL or in words
   * @param left what there is of it now
   */
  static of(cause: unknown, what: string, left = 'Nothing of it is left.'): MigrationError {
    return new MigrationError(`${what} failed: ${reasonOf(cause)}. ${left}`, { cause });
  }

  /**
   * @param error what Prisma's engine threw: a message with a trace of its own, which says nothing to anybody
   * @param failure what PostgreSQL said of the last script, where one failed
   */
  static ofEngine(error: unknown, failure: unknown): MigrationError {
    const [, migration] = /migration_name="(\w+)"/.exec(error instanceof Error ? error.message : '') ?? [];
    return MigrationError.of(failure ?? error, migration === undefined ? 'Migrating' : `The migration ${migration}`);
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = ''] = message.replace(/^ERROR:\s*/, '').split('\n');
  return first.trim().replace(/\.$/, '');
}
