import { expect, test } from 'vitest';
import { commandFor, HELP, parseSeedCommand } from '../../src/cli/seeding/command-line.js';

function seedCommand(...words: string[]) {
  const command = parseSeedCommand(words);
  if (command.kind !== 'seed') throw new Error(`no seeding: ${words.join(' ')}`);
  return command;
}

test('without options there are a thousand users, ten orders each and two transactions for three orders', () => {
  expect(seedCommand()).toEqual({
    kind: 'seed',
    options: { users: 1_000, orders: 10_000, transactions: 6_666, seed: 1, until: '2026-01-01', dirt: 0, orphans: 0 },
    add: false,
  });
});

test('every option counts, with a blank or = before its value', () => {
  const words =
    '--users 50 --orders=500 --transactions 9 --seed=7 --until 2024-02-29 --dirt .05 --orphans 1.0 --add'.split(' ');
  expect(seedCommand(...words)).toEqual({
    kind: 'seed',
    options: { users: 50, orders: 500, transactions: 9, seed: 7, until: '2024-02-29', dirt: 0.05, orphans: 1 },
    add: true,
  });
});

test('the command for a command is that command', () => {
  const command = seedCommand('--users', '9', '--dirt', '0.000001', '--add');
  const [, words = ''] = commandFor(command).split('npm run seed -- ');
  expect(seedCommand(...words.split(' '))).toEqual(command);
});

test('--help wins over everything, and names every option', () => {
  expect(parseSeedCommand(['--users', 'x', '--help'])).toEqual({ kind: 'help' });
  for (const name of ['users', 'orders', 'transactions', 'seed', 'until', 'dirt', 'orphans', 'add', 'help'])
    expect(HELP).toMatch(new RegExp(`^ {2}--${name} `, 'm'));
});

test.each([
  ['--users -5', '--users takes a whole number from 0 to 10000000, in digits, got -5'],
  ['--users 1e9', '--users takes a whole number from 0 to 10000000, in digits, got 1e9'],
  ['--orders 10000001', '--orders takes a whole number from 0 to 10000000, in digits, got 10000001'],
  ['--transactions many', '--transactions takes a whole number from 0 to 10000000, in digits, got many'],
  ['--users 1.5', '--users takes a whole number from 0 to 10000000, in digits, got 1.5'],
  ['--users', '--users takes a whole number from 0 to 10000000, in digits, got nothing'],
  ['--users --orders 5', '--users takes a whole number from 0 to 10000000, in digits, got --orders'],
  ['--seed 4294967296', '--seed takes a whole number from 0 to 4294967295, in digits, got 4294967296'],
  ['--dirt 1.1', '--dirt takes a share from 0 to 1, such as 0.05, got 1.1'],
  ['--dirt 20%', '--dirt takes a share from 0 to 1, such as 0.05, got 20%'],
  ['--orphans NaN', '--orphans takes a share from 0 to 1, such as 0.05, got NaN'],
  ['--until 2026-02-30', '--until takes a day from 2000-01-01 to 2099-12-31, such as 2026-01-01, got 2026-02-30'],
  ['--until 1999-12-31', '--until takes a day from 2000-01-01 to 2099-12-31, such as 2026-01-01, got 1999-12-31'],
  ['--until tomorrow', '--until takes a day from 2000-01-01 to 2099-12-31, such as 2026-01-01, got tomorrow'],
  ['--user 5', '--user is not an option'],
  ['-u 5', '-u is not an option'],
  ['--add=yes', '--add takes no value, got yes'],
  ['--users 5 --users 6', '--users is given twice'],
  // What npm leaves of `npm run seed --users 50`.
  ['50', '50 belongs to no option; options come behind two dashes: npm run seed -- --users 50'],
  ['--users 0', '--users 0 leaves nobody to order: it takes --orders 0'],
  ['--orders 0 --transactions 5', '--orders 0 leaves nothing to pay: it takes --transactions 0'],
  ['--users 0 --orders 0', '--users 0 --orders 0 makes nothing: it takes one of them'],
])('%s is refused: %s', (words, message) => {
  const refusal = { code: 'USAGE', message: expect.stringContaining(`${message}\n`) as string };
  expect(() => parseSeedCommand(words.split(' '))).toThrow(expect.objectContaining(refusal));
});

test('all that is wrong is said at once, before the usage', () => {
  expect(() => parseSeedCommand(['--users', 'x', '--dirt', '2', '--what'])).toThrow(
    /^--what is not an option\n--users takes .*\n--dirt takes .*\n\nusage: npm run seed -- \[--users N\]/,
  );
});
