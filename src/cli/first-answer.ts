import type { ApolloServer } from '@apollo/server';
import { SAMPLE_QUERY } from './sample-query.js';
import type { Platform } from '../platform/platform.js';
import { recordStatements, type Statement } from '../platform/statements.js';
import { createScope, type Scope } from '../scope.js';

interface SampleData {
  readonly orders: { readonly nodes: readonly unknown[] } | null;
}

interface SampleAnswer {
  readonly nodes: readonly unknown[];
  readonly errors: readonly { readonly message: string }[];
}

const SHOWN = 3;

/**
 * Runs the sample query and says what a newcomer wants to know: the query, the beginning of its answer, and the
 * statements that it took, as the drivers reported them, beside what one look-up per order would have taken.
 *
 * @param isPrivate the data is somebody's own: it is counted, and not shown
 */
export async function firstAnswer(
  apollo: ApolloServer<Scope>,
  platform: Platform,
  isPrivate: boolean,
): Promise<string> {
  const { result, statements } = await recordStatements(() => ask(apollo, platform));
  const { nodes, errors } = result;
  return [
    'A query to paste:',
    indent(SAMPLE_QUERY),
    ...(isPrivate ? [`Its answer has ${nodes.length} orders.`] : shown(nodes)),
    // People's own data may hold what fails a field; that is no reason not to serve the rest.
    ...errors.slice(0, SHOWN).map(({ message }) => indent(`error: ${message}`)),
    count(statements, nodes.length),
    ...statements.map(({ database, text }) => indent(`${database.padEnd(8)} ${text}`)),
  ].join('\n');
}

function shown(nodes: readonly unknown[]): string[] {
  return [
    `Its answer (the first ${Math.min(SHOWN, nodes.length)} of ${nodes.length} orders):`,
    ...nodes.slice(0, SHOWN).map((node) => indent(JSON.stringify(node))),
  ];
}

async function ask(apollo: ApolloServer<Scope>, platform: Platform): Promise<SampleAnswer> {
  const { body } = await apollo.executeOperation<SampleData>(
    { query: SAMPLE_QUERY },
    { contextValue: createScope(platform) },
  );
  if (body.kind !== 'single') return { nodes: [], errors: [] };
  const { data, errors = [] } = body.singleResult;
  return { nodes: data?.orders?.nodes ?? [], errors };
}

function count(statements: readonly Statement[], orders: number): string {
  const queries = statements.length === 1 ? '1 database query' : `${statements.length} database queries`;
  return orders === 0 ? `It took ${queries}:` : `It took ${queries} instead of ${orders + 1}:`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
