import { createHash } from 'node:crypto';
import { Kind, print, stripIgnoredCharacters, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { fromJson, isObject } from './json.js';
import { readManifest, type ListedOperation } from './manifest.js';

/** What of a request says which operations are asked for. */
export interface Asked {
  /** What the address has behind its path. */
  readonly search: string;
  readonly body: unknown;
}

export const UNLISTED =
  "only the operations of the manifest are answered, by their ids or by their texts, and this is none of them; make the front end's manifest anew and have the gateway started with it";

type Request = Readonly<Record<string, unknown>>;

/**
 * The only operations that are answered. A request names one by its id (`documentId`, or `extensions` as Apollo's clients
 * send it), or by its text, for front ends that know no ids: spaces and commas do not count, nor does the `__typename` that
 * caches of front ends add. Nothing of any other text is parsed.
 */
export class PersistedOperations {
  readonly #byId = new Map<string, string>();
  readonly #byText = new Map<string, string>();

  /** @throws {ConfigError} for a manifest that cannot be read or does not fit the graph */
  constructor(path: string, schema: GraphQLSchema) {
    const listed = readManifest(path, schema);
    for (const operation of listed) this.#list(operation);
    // The ids of the manifest win over those that follow from texts.
    for (const { id, text } of listed) this.#byId.set(bare(id), text);
  }

  /** The same request with the operations' texts, as the manifest has them; null if any is not in it. */
  textual({ search, body }: Asked): Asked | null {
    if (Array.isArray(body)) {
      const texts = body.map((one) => this.#inText(one));
      return texts.includes(null) ? null : { search, body: texts };
    }
    // A GET has no body, and a POST is not asked for what is in its address.
    if (body !== undefined && body !== null) {
      const text = this.#inText(body);
      return text === null ? null : { search: '', body: text };
    }
    const given = new URLSearchParams(search);
    const { query, extensions } =
      this.#inText({ ...Object.fromEntries(given), extensions: fromJson(given.get('extensions')) }) ?? {};
    if (typeof query !== 'string') return null;
    given.delete('documentId');
    given.set('query', query);
    given.set('extensions', JSON.stringify(extensions));
    return { search: `?${given.toString()}`, body };
  }

  #inText(asked: unknown): Request | null {
    if (!isRecord(asked)) return null;
    const { query, documentId, extensions = {}, ...others } = asked;
    const { persistedQuery = {}, ...further } = isRecord(extensions) ? extensions : {};
    const hash = isRecord(persistedQuery) ? persistedQuery['sha256Hash'] : undefined;
    const found = this.#under(documentId) ?? this.#under(hash) ?? this.#like(query);
    return found === null ? null : { ...others, query: found, extensions: further };
  }

  #under(id: unknown): string | null {
    return typeof id === 'string' ? (this.#byId.get(bare(id)) ?? null) : null;
  }

  #like(text: unknown): string | null {
    if (typeof text !== 'string') return null;
    try {
      return this.#byText.get(stripIgnoredCharacters(text)) ?? null;
    } catch {
      return null; // it is not even made of GraphQL's words
    }
  }

  /** In the forms in which front ends send it, each of them also under the hash that Apollo's clients make of it. */
  #list({ text, document }: ListedOperation): void {
    for (const form of [print(withTypenames(document)), print(document), text]) {
      this.#byId.set(createHash('sha256').update(form).digest('hex'), form);
      this.#byText.set(stripIgnoredCharacters(form), form);
    }
  }
}

/** The specification has ids say how they were made; clients leave that out, or not. */
function bare(id: string): string {
  return id.replace(/^sha256:/, '');
}

function isRecord(value: unknown): value is Request {
  return isObject(value) && !Array.isArray(value);
}

const TYPENAME = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const;

/** As Apollo Client and urql send it: each object with its type's name, but for the root. */
function withTypenames(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet(set, _key, parent) {
      const isRoot = parent !== undefined && 'kind' in parent && parent.kind === Kind.OPERATION_DEFINITION;
      const has = set.selections.some(
        (selection) => selection.kind === Kind.FIELD && selection.name.value === '__typename',
      );
      return isRoot || has ? undefined : { ...set, selections: [...set.selections, TYPENAME] };
    },
  });
}
