import { readFileSync } from 'node:fs';
import { Kind, parse, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { ConfigError } from '../config.js';

/** An operation of a front end, under the id that the front end has for it. */
export interface ListedOperation {
  readonly id: string;
  readonly text: string;
  readonly document: DocumentNode;
}

const APOLLOS = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1), name: z.string(), body: z.string() })),
});
/** Of GraphQL Code Generator: documents by their hashes. */
const CODEGENS = z.record(z.string().min(1), z.string());

/**
 * The operations of the manifest that PERSISTED_OPERATIONS names, each of which fits the graph.
 *
 * @throws {ConfigError} that says of the file, or of each operation that does not fit, what is wrong with it
 */
export function readManifest(path: string, schema: GraphQLSchema): readonly ListedOperation[] {
  const listed = entriesOf(contentOf(path), path).map((entry) => examined(entry, schema));
  const wrong = listed.flatMap((operation) => ('wrong' in operation ? [operation.wrong] : []));
  if (wrong.length > 0) throw refused(wrong);
  return listed as ListedOperation[];
}

interface Entry {
  readonly id: string;
  readonly name: string | null;
  readonly text: string;
}

function contentOf(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'it fails' } = error as NodeJS.ErrnoException;
    throw refused([`names ${path}, which cannot be read: ${code}`]);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refused([`names ${path}, which is no JSON`]);
  }
}

function entriesOf(content: unknown, path: string): readonly Entry[] {
  const apollos = APOLLOS.safeParse(content);
  const codegens = CODEGENS.safeParse(content);
  const entries = apollos.success
    ? apollos.data.operations.map(({ id, name, body }) => ({ id, name, text: body }))
    : codegens.success
      ? Object.entries(codegens.data).map(([id, text]) => ({ id, name: null, text }))
      : null;
  if (entries !== null && entries.length > 0) return entries;
  const fault = entries === null ? 'is neither' : 'has no operation';
  throw refused([
    `takes a persisted-documents.json of GraphQL Code Generator or a persisted-query manifest of Apollo's; ${path} ${fault}`,
  ]);
}

function examined({ id, name, text }: Entry, schema: GraphQLSchema): ListedOperation | { readonly wrong: string } {
  try {
    const document = parse(text);
    const [error] = validate(schema, document);
    if (error === undefined) return { id, text, document };
    return { wrong: unfit(name ?? nameIn(document) ?? id, error) };
  } catch (error) {
    return { wrong: unfit(name ?? id, error as Error) };
  }
}

function unfit(name: string, { message }: Error): string {
  return `has the operation ${name}, which does not fit the graph: ${message}`;
}

function nameIn({ definitions }: DocumentNode): string | null {
  const named = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return named?.name?.value ?? null;
}

function refused(wrong: readonly string[]): ConfigError {
  const lines = wrong.map((line) => `  PERSISTED_OPERATIONS ${line}`);
  return new ConfigError(`The configuration is not right:\n${lines.join('\n')}`);
}
