import type { DatabaseName, Source } from '../join/source.js';
import type { Meant } from '../platform/wrapped-reference.js';

/** How many rows a source has. */
export interface Size {
  readonly rows: number;
  readonly isExact: boolean;
}

/** Some rows, read with the fields that were asked for and the key. */
export interface Stretch {
  readonly rows: readonly object[];
  /** Where the next stretch begins; null after the last row. */
  readonly next: string | null;
}

/** What auditing references asks of a database. Nothing of it writes, and every call is one short statement or two. */
export interface ReferenceReader {
  /** Counted up to `limit`; beyond it an estimate of the server's. */
  size(source: Source, limit: number): Promise<Size>;
  /** The rows behind a place, in the order in which the database finds rows by their key. */
  stretch(source: Source, fields: ReadonlySet<string>, after: string | null, limit: number): Promise<Stretch>;
  /** About so many rows from anywhere in the source. */
  sample(source: Source, fields: ReadonlySet<string>, size: Size, wanted: number): Promise<readonly object[]>;
  /** Those of the keys under which the source's reader finds a row. Keys are normalised. */
  present(source: Source, keys: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * The rows that references mean although the graph finds none: the key is wrapped in quotes and the like, or is of a type
   * by which nothing is joined.
   *
   * @param caseless whether texts are also compared without regard to case, which reads every key that is a text
   */
  meant(source: Source, references: readonly string[], caseless?: boolean): Promise<ReadonlyMap<string, Meant>>;
}

/** The databases that can be asked; an audit asks those of the sources that it is given. */
export type ReferenceReaders = ReadonlyMap<DatabaseName, ReferenceReader>;

/** @throws {TypeError} when the source's database is not among them */
export function readerOf(readers: ReferenceReaders, { name, database }: Source): ReferenceReader {
  const reader = readers.get(database);
  if (reader === undefined) throw new TypeError(`${name} lies in ${database}, of which there is no reader`);
  return reader;
}
