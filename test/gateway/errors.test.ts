import { readFile } from 'node:fs/promises';
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors/app-error.js';
import { CATALOGUE } from '../../src/errors/catalogue.js';
import { errorFormatter } from '../../src/gateway/errors.js';

function formatted(original: Error) {
  const lines: string[] = [];
  const logger = pino(
    { level: 'warn' },
    {
      write: (line: string) => {
        lines.push(line);
      },
    },
  );
  const error = new GraphQLError(original.message, { path: ['orders', 3, 'user'], originalError: original });
  return { out: errorFormatter(logger)(error.toJSON(), error), log: lines.join('') };
}

describe('what leaves the process', () => {
  test('of an unknown error: a message that says nothing, and the id under which the log has it', () => {
    const secret = 'connect ECONNREFUSED db.internal:5432 SELECT * FROM orders';
    const { out, log } = formatted(new Error(secret));
    expect(JSON.stringify(out)).not.toMatch(/ECONN|db\.internal|SELECT|\.ts/);
    expect(out).toMatchObject({ path: ['orders', 3, 'user'], extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(log).toContain(secret);
    expect(log).toContain(String(out.extensions?.['logId']));
  });

  test('of an error of ours: message and code, not the cause, which the log has', () => {
    const { out, log } = formatted(new AppError('MONGO_UNAVAILABLE', 'try again', { cause: new Error('host:27017') }));
    expect(out).toEqual({
      message: 'try again',
      path: ['orders', 3, 'user'],
      extensions: { code: 'MONGO_UNAVAILABLE' },
    });
    expect(log).toContain('host:27017');
  });
});

describe('docs/errors.md', () => {
  test('lists every code, no code that does not exist, and each with its meaning', async () => {
    const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\|/gm)].map(([, code, meaning]) => [code, meaning]);
    expect(Object.fromEntries(rows)).toEqual(CATALOGUE);
  });
});
