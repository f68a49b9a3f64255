import { costOf, toHaveCost, type Statement } from 'tandem/testing';
import { describe, expect, test } from 'vitest';

const statements: readonly Statement[] = [
  { database: 'postgres', text: 'SELECT 1' },
  { database: 'mongo', text: 'users.find({})' },
  { database: 'mongo', text: 'users.count({})' },
];

test('the cost is the number of statements that each database was sent', () => {
  expect(costOf({ statements })).toEqual({ postgres: 1, mongo: 2 });
  expect(costOf({ statements: [] })).toEqual({ postgres: 0, mongo: 0 });
});

describe('toHaveCost', () => {
  test('passes for exactly that cost; a database that is not named costs nothing', () => {
    expect({ statements }).toHaveCost({ postgres: 1, mongo: 2 });
    expect({ statements }).not.toHaveCost({ postgres: 1 });
    expect({ statements }).not.toHaveCost({ postgres: 1, mongo: 3 });
    expect({ statements: [] }).toHaveCost({});
  });

  test('a failure lists what was sent', () => {
    const failure = () => {
      expect({ statements }).toHaveCost({ postgres: 1, mongo: 1 });
    };
    expect(failure).toThrow('expected {"postgres":1,"mongo":1} statements to be sent, got {"postgres":1,"mongo":2}:');
    expect(failure).toThrow('\n  mongo: users.count({})');
    expect(() => {
      expect({ statements }).not.toHaveCost({ postgres: 1, mongo: 2 });
    }).toThrow('statements not to be sent');
  });

  test('is a plain function: any runner can call it', () => {
    expect(toHaveCost({ statements }, { postgres: 1 })).toMatchObject({
      pass: false,
      actual: { postgres: 1, mongo: 2 },
      expected: { postgres: 1, mongo: 0 },
    });
  });
});
