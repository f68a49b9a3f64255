import type { Filter } from './filter.js';
import type { Source } from './source.js';

/**
 * What one who asks may see of the sources. Joins put it into every statement, so that what is not for the asker's eyes
 * is not there: in no list, no count and no look-up.
 */
export interface Sight {
  /** Which rows there are for the asker; null for all. */
  rows(source: Source): Filter | null;
  /** Whether a field can be read in each of those rows. By any other, nobody may filter or sort. */
  reads(source: Source, field: string): boolean;
}

/** For the program itself, and where nobody's identity is asked for. */
export const SEES_ALL: Sight = { rows: () => null, reads: () => true };
