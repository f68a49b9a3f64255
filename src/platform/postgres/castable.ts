import { isStorable, normalizeKey } from '../../join/key.js';
import type { FieldKind } from '../../join/source.js';
import { isTime } from './times.js';

/**
 * Whether PostgreSQL can cast this text to the kind's type. Cursors and filters bring values from outside, and one that
 * cannot be cast fails its statement.
 */
export function isCastable(kind: FieldKind, text: string): boolean {
  switch (kind) {
    case 'dateTime':
      return text === 'infinity' || text === '-infinity' || isTime(text);
    case 'int':
      return isInt64(text);
    case 'float':
      return NOT_FINITE.has(text) || isDouble(text);
    case 'decimal':
      return NOT_FINITE.has(text) || isNumeric(text);
    case 'boolean':
      return text === 'true' || text === 'false';
    case 'uuid':
      return normalizeKey(kind, text) !== null;
    // The ids of the other database lie here as they were written.
    case 'objectId':
    case 'text':
      return isStorable(text);
  }
}

const NOT_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);
const DOUBLE = /^-?\d{1,400}(?:\.\d{1,400})?(?:e[+-]?\d{1,3})?$/;
const DECIMAL = /^-?(\d+)(?:\.(\d+))?$/;

/** The digits that a numeric has at most. */
const DIGITS_BEFORE_POINT = 131_072;
const DIGITS_AFTER_POINT = 16_383;

function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** PostgreSQL refuses what is too large for a double, and what is too small to be told from zero. */
function isDouble(text: string): boolean {
  const value = Number(text);
  return DOUBLE.test(text) && Number.isFinite(value) && (value !== 0 || /^[-0.]+(?:e|$)/.test(text));
}

function isNumeric(text: string): boolean {
  const [, before = '', after = ''] = DECIMAL.exec(text) ?? [];
  return before !== '' && before.length <= DIGITS_BEFORE_POINT && after.length <= DIGITS_AFTER_POINT;
}
