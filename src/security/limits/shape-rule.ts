import type { DocumentNode, ValidationRule } from 'graphql';
import type { AppError } from '../../errors/app-error.js';
import type { Limits } from '../settings.js';
import { isOverflow, refusal, tooDeep, tooLarge, type TextLimit } from './refusal.js';
import { Shapes } from './shape.js';

/**
 * Refuses a document that is too large for what else validation does: some of GraphQL's rules compare every field with
 * every other. It is the first to look, and a document that it refuses, the other rules never see: a visitor that
 * answers null takes the whole document away from those that come after it.
 */
export function shapeRule(limits: Limits): ValidationRule {
  return (context) => ({
    Document: (document) => {
      const found = excess(document, limits);
      if (found === null) return undefined;
      context.reportError(refusal(found));
      return null;
    },
  });
}

/** The first limit that a document does not keep, or null for one that keeps all. */
function excess(document: DocumentNode, limits: Limits): AppError | null {
  const shapes = measured(document);
  if (shapes === null) return tooDeep();
  const { operations, everything } = shapes;
  const asked: readonly (readonly [TextLimit, number])[] = [
    ['fragments', Math.max(shapes.fragments, shapes.spreads)],
    ['depth', most(operations.map(({ depth }) => depth))],
    ['aliases', most(everything.map(({ aliases }) => aliases))],
    ['directives', most(everything.map(({ directives }) => directives))],
    ['rootFields', most(operations.map(({ rootFields }) => rootFields))],
  ];
  const [limit, count] = asked.find(([limit, count]) => count > limits[limit]) ?? [];
  return limit === undefined || count === undefined ? null : tooLarge(limit, limits[limit], count);
}

/** Null for one that is nested deeper than the stack goes, which takes a limit of tokens far above the usual. */
function measured(document: DocumentNode): Shapes | null {
  try {
    return new Shapes(document);
  } catch (error) {
    if (isOverflow(error)) return null;
    throw error;
  }
}

function most(counts: readonly number[]): number {
  return counts.reduce((most, count) => Math.max(most, count), 0);
}
