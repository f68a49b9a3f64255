import Big from 'big.js';
import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { AppError } from '../errors/app-error.js';
import { quote } from './arguments.js';

const PLAIN = /^-?\d{1,30}(\.\d{1,30})?$/;

/**
 * Exact decimals: always a string with two decimals on the way out (`"12.50"`), a plain string (`"12.5"`) or an integer
 * on the way in. A JSON float is refused: `0.1 + 0.2` has already lost its cents before it gets here.
 */
export const DecimalScalar = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description: 'An exact decimal number, as a string with two decimals: "12.50". Input: a string or an integer.',
  serialize,
  parseValue,
  parseLiteral,
});

/** A PostgreSQL numeric can be one of these; an odd value must not fail the list it is in. */
const NOT_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);

function serialize(value: unknown): string {
  const text = String(value);
  return NOT_FINITE.has(text) ? text : new Big(text).toFixed(2);
}

function parseLiteral(node: ValueNode): string {
  if (node.kind === Kind.STRING || node.kind === Kind.INT) return plain(node.value);
  throw refused(node.kind === Kind.FLOAT ? node.value : 'another kind of value');
}

function parseValue(value: unknown): string {
  if (typeof value === 'string') return plain(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw refused(typeof value === 'number' ? String(value) : 'another kind of value');
}

function plain(text: string): string {
  if (!PLAIN.test(text)) throw refused(quote(text));
  return text;
}

function refused(offence: string): AppError {
  return new AppError('BAD_USER_INPUT', `Decimal takes a string such as "12.50" or an integer, got ${offence}`);
}
