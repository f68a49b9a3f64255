import type pg from 'pg';

/**
 * How every connection of ours begins. Prisma's adapter takes each time to be in UTC and written by ISO, and says so of
 * none that it writes: on a server with another `TimeZone` all times would be off by it, so the session says it. A
 * `?schema=`, as Prisma's addresses have it, becomes the `search_path`.
 *
 * @param more settings of one's own: `statement_timeout=0`
 */
export function connectionConfig(address: string, more: readonly string[] = []): pg.PoolConfig {
  const url = new URL(address);
  const schema = url.searchParams.get('schema');
  const settings = [
    url.searchParams.get('options'),
    '-c TimeZone=UTC',
    '-c DateStyle=ISO',
    // A statement behind a lock has to see what was committed while it waited.
    '-c default_transaction_isolation=read\\ committed',
    // A process that is frozen between two statements holds nobody up for longer.
    '-c idle_in_transaction_session_timeout=15s',
    // A float is written with as many digits as it takes to read it back.
    '-c extra_float_digits=1',
    schema === null ? null : `-c search_path=${escaped(`"${schema.replaceAll('"', '""')}"`)}`,
    ...more.map((setting) => `-c ${setting}`),
  ];
  url.searchParams.delete('schema');
  url.searchParams.set('options', settings.filter((setting) => setting !== null).join(' '));
  return { connectionString: url.href };
}

/** Blanks divide options. */
function escaped(value: string): string {
  return value.replaceAll(/[\\\s]/g, '\\$&');
}
