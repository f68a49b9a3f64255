import { fieldOf, storedName, type Source } from '../../join/source.js';
import type { Document } from './document.js';
import { fromStored } from './stored-values.js';

/** A document as the source's row: each field as its kind, or null where it is missing or of another. */
export function toRow<R extends object>(source: Source<R>, document: Document, fields: Iterable<string>): R {
  const entries = [...fields].map((name) => {
    const value = document[storedName(source, name)];
    return [name, fromStored(fieldOf(source, name).kind, value)] as const;
  });
  return Object.fromEntries(entries) as R;
}

/** What has to be read for these fields. */
export function projection(source: Source, fields: Iterable<string>): Record<string, 0 | 1> {
  const names = new Set([...fields].map((name) => storedName(source, name)));
  return {
    ...(names.has('_id') ? {} : { _id: 0 }),
    ...Object.fromEntries([...names].map((name) => [name, 1 as const])),
  };
}
