import type { Comparison } from '../../join/filter.js';
import type { Expression } from './document.js';

type Operator = Comparison['operator'];

type Pattern = 'contains' | 'startsWith' | 'endsWith';

export function isPattern(operator: Operator): operator is Pattern {
  return operator === 'contains' || operator === 'startsWith' || operator === 'endsWith';
}

/** A text compared character by character. No pattern is made of it, so no character has a meaning. */
export function textually(operator: Operator, text: Expression, wanted: Expression): Expression {
  const length = { $strLenCP: wanted };
  // What is shorter than the wanted text is compared whole.
  const fromEnd = { $max: [0, { $subtract: [{ $strLenCP: text }, length] }] };
  if (operator === 'contains') return { $gte: [{ $indexOfBytes: [text, wanted] }, 0] };
  if (operator === 'startsWith') return { $eq: [{ $substrCP: [text, 0, length] }, wanted] };
  return { $eq: [operator === 'endsWith' ? { $substrCP: [text, fromEnd, length] } : text, wanted] };
}

/** What a regular expression of the server's may have, with room for the rest of it, and it may have no NUL. */
const MAX_PATTERN = 8_000;

/**
 * The same without regard to case, as Unicode has it; in a text that is too long for a regular expression only the
 * letters A to Z are taken for a to z.
 */
export function insensitively(operator: Operator, text: Expression, wanted: string): Expression {
  if (wanted.length > MAX_PATTERN || wanted.includes('\0')) {
    return textually(operator, { $toLower: text }, { $toLower: { $literal: wanted } });
  }
  const start = operator === 'contains' || operator === 'endsWith' ? '' : '^';
  const end = operator === 'contains' || operator === 'startsWith' ? '' : '\\z';
  return { $regexMatch: { input: text, regex: { $literal: start + escaped(wanted) + end }, options: 'i' } };
}

/** The pattern that only this text matches, which is anchored where its caller anchors it. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

/** What begins with this text, as a condition that an index serves; null where no pattern can say it. */
export function beginningWith(text: string): { readonly $regex: string } | null {
  return text.length > MAX_PATTERN || text.includes('\0') ? null : { $regex: `^${escaped(text)}` };
}
