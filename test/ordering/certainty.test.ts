import { describe, expect, test } from 'vitest';
import { AppError, outcomeUnknown, readOnly, writeRefused } from '../../src/errors/app-error.js';
import { untilKnown } from '../../src/ordering/certainty.js';

const unknown = outcomeUnknown('creating an order', new Error('cut'));

/** A write whose attempts end so, one after the other. */
function attempts(...outcomes: readonly (AppError | string)[]) {
  const rest = [...outcomes];
  const repeated: boolean[] = [];
  const write = (isRepeated: boolean) => {
    repeated.push(isRepeated);
    const outcome = rest.shift();
    return outcome instanceof AppError ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  return { write, repeated };
}

const soon = () => performance.now() + 300;

describe('a write whose first attempt has no answer', () => {
  test.each([
    new AppError('POSTGRES_UNAVAILABLE', 'away'),
    readOnly('creating an order', new Error('a standby')),
    writeRefused('creating an order', new Error('a rule')),
  ])('is not known by what becomes of the next one ($code): it is made again', async (error) => {
    const { write, repeated } = attempts(unknown, error, 'there already');
    expect(await untilKnown(write, soon())).toBe('there already');
    expect(repeated).toEqual([false, true, true]);
  });

  test('and no later one either is OUTCOME_UNKNOWN in the end', async () => {
    const refused = readOnly('creating an order', new Error('a standby'));
    const { write } = attempts(unknown, ...Array.from({ length: 20 }, () => refused));
    await expect(untilKnown(write, soon())).rejects.toBe(unknown);
  });
});

test('a first attempt that is refused was not made, and is not made again', async () => {
  const refused = readOnly('creating an order', new Error('a standby'));
  const { write, repeated } = attempts(refused, 'there');
  await expect(untilKnown(write, soon())).rejects.toBe(refused);
  expect(repeated).toEqual([false]);
});
