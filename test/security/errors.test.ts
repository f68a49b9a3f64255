import { readFile } from 'node:fs/promises';
import { GraphQLError } from 'graphql';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors/app-error.js';
import { CATALOGUE } from '../../src/errors/codes.js';
import { errorFormatter } from '../../src/security/errors.js';
import { listen } from '../support/log.js';

function formatted(original: Error) {
  const { logger, lines } = listen();
  const error = new GraphQLError(original.message, { path: ['orders', 3, 'user'], originalError: original });
  return { out: errorFormatter(logger)(error.toJSON(), error), log: JSON.stringify(lines) };
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
      extensions: { code: 'MONGO_UNAVAILABLE', retryable: true },
    });
    expect(log).toContain('host:27017');
  });
});

test('a value that cannot be written out is a fault of ours: it is logged, and not quoted', () => {
  const { out, log } = formatted(new GraphQLError('String cannot represent value: secret'));
  expect(out).toMatchObject({ extensions: { code: 'INTERNAL_SERVER_ERROR' } });
  expect(out.message).not.toContain('secret');
  expect(log).toContain('secret');
});

test('an error with a code of its own goes out as a resolver has thrown it', () => {
  const { out } = formatted(new GraphQLError('not now', { extensions: { code: 'NOT_NOW' } }));
  expect(out).toMatchObject({ message: 'not now', extensions: { code: 'NOT_NOW' } });
});

test('one failure of a batch of fields is logged once', () => {
  const { logger, lines } = listen();
  const format = errorFormatter(logger);
  const away = new AppError('MONGO_UNAVAILABLE', 'try again', { cause: new Error('away') });
  for (const at of [0, 1, 2]) {
    const error = new GraphQLError(away.message, { path: ['orders', at, 'user'], originalError: away });
    format(error.toJSON(), error);
  }
  expect(lines).toHaveLength(1);
});

describe('docs/errors.md', () => {
  test('lists every code, no code that does not exist, and each with its meaning', async () => {
    const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\|/gm)].map(([, code, meaning]) => [code, meaning]);
    expect(Object.fromEntries(rows)).toEqual(CATALOGUE);
  });
});
