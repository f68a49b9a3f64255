import { parse } from 'graphql';
import type { gql as TypedGql } from './generated/gql.js';

/**
 * An operation with the types of its answer and of its variables. What is sent is the text; the types are those that
 * `npm run codegen` has written for it, so one that is new or changed is `unknown` until then. Write it as
 * gql(`...`), without anything put in.
 */
export const gql = ((text: string) => parse(text)) as unknown as typeof TypedGql;
