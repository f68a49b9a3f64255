import { GraphQLError } from 'graphql';
import { AppError } from '../../errors/app-error.js';
import type { Limits } from '../settings.js';

/** Every limit on an operation's text, with the variable that sets it and what is counted. */
const TEXT_LIMITS = {
  tokens: ['LIMIT_TOKENS', 'tokens'],
  depth: ['LIMIT_DEPTH', 'levels of fields'],
  aliases: ['LIMIT_ALIASES', 'aliases'],
  rootFields: ['LIMIT_ROOT_FIELDS', 'fields at its root'],
  directives: ['LIMIT_DIRECTIVES', 'directives'],
  fragments: ['LIMIT_FRAGMENTS', 'fragments, and as many places where they are spread'],
} as const satisfies Partial<Record<keyof Limits, readonly [string, string]>>;

export type TextLimit = keyof typeof TEXT_LIMITS;

/** @param asked null where counting stopped at the limit */
export function tooLarge(limit: TextLimit, allowed: number, asked: number | null): AppError {
  const [variable, counted] = TEXT_LIMITS[limit];
  const contract = `an operation takes ${allowed} ${counted} at most, got ${asked ?? 'more'}`;
  return new AppError('OPERATION_TOO_LARGE', `${contract}; ask for less at once, or have ${variable} raised`, {
    details: { limit },
  });
}

/** For what is nested deeper than the stack goes: nobody can count it. */
export function tooDeep(): AppError {
  const message = 'an operation and its values take some hundred levels at most, got more; ask for less at once';
  return new AppError('OPERATION_TOO_LARGE', message, { details: { limit: 'depth' } });
}

export function isOverflow(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof GraphQLError && isOverflow(error.originalError));
}

export function tooManyOperations(allowed: number, asked: number): AppError {
  const contract = `a request takes ${allowed} ${allowed === 1 ? 'operation' : 'operations'} at most, got ${asked}`;
  return new AppError('OPERATION_TOO_LARGE', `${contract}; send them one by one, or have LIMIT_BATCH raised`, {
    details: { limit: 'batch' },
  });
}

export function tooCostly(limit: number, cost: number): AppError {
  const contract = `an operation may ask for ${limit} rows at most, by the sizes of its pages, got ${cost}`;
  const remedy = 'take smaller pages (first:), fewer lists inside of lists, or have LIMIT_COST raised';
  return new AppError('OPERATION_TOO_COSTLY', `${contract}; ${remedy}`, { details: { cost, limit } });
}

/** The same error, for Apollo Server: without a status it would answer 500 to what is thrown before anything ran. */
export function refusal(error: AppError): GraphQLError {
  return new GraphQLError(error.message, { originalError: error, extensions: { http: { status: 400 } } });
}
