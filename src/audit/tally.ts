import type { Fate, Judged } from './judge.js';

/** How many rows share a fate, and the first few of them. */
export interface Count {
  readonly count: number;
  readonly examples: readonly Pick<Judged, 'id' | 'reference'>[];
}

/** What has become of the references of a relation's rows. */
export type Tally = Readonly<Record<Fate, Count>> & {
  /** The types of keys that rows refer to and by which the graph joins nothing, with the number of rows. */
  readonly types: ReadonlyMap<string, number>;
};

const EXAMPLES = 5;

export const NO_ROWS: Tally = {
  found: { count: 0, examples: [] },
  nobody: { count: 0, examples: [] },
  malformed: { count: 0, examples: [] },
  wrapped: { count: 0, examples: [] },
  otherType: { count: 0, examples: [] },
  none: { count: 0, examples: [] },
  types: new Map(),
};

/** A tally with more rows. Of rows that are found no examples are kept. */
export function tallied(tally: Tally, judged: readonly Judged[]): Tally {
  const counted = (fate: Fate): Count => {
    const rows = judged.filter((row) => row.fate === fate);
    const { count, examples } = tally[fate];
    const fresh = fate === 'found' ? [] : rows.slice(0, EXAMPLES - examples.length);
    return {
      count: count + rows.length,
      examples: [...examples, ...fresh.map(({ id, reference }) => ({ id, reference }))],
    };
  };
  return {
    found: counted('found'),
    nobody: counted('nobody'),
    malformed: counted('malformed'),
    wrapped: counted('wrapped'),
    otherType: counted('otherType'),
    none: counted('none'),
    types: withTypes(tally.types, judged),
  };
}

function withTypes(types: ReadonlyMap<string, number>, judged: readonly Judged[]): ReadonlyMap<string, number> {
  const counts = new Map(types);
  for (const { type } of judged) if (type !== null) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}
