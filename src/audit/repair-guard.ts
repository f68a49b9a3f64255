import { KINDS_OF, type WalkName } from './consistency-walk.js';
import { OF_COPIES, type ScanStep } from './consistency-scan.js';
import type { InconsistencyKind } from './inconsistency.js';

/** How much was found of a kind before anything was changed. */
export interface Counted {
  readonly found: number;
  /** Rows that were looked at of the table or collection that the kind is about. */
  readonly rows: number;
  /** Whether every row was looked at, and each could be judged. */
  readonly isWhole: boolean;
}

/** A finding with more rows than this, and a larger share than this of its table, is rather a wrong address than faults. */
const MOST_ROWS = 20;
const MOST_PERCENT = 5;

/** Counts what a scan finds. */
export class FindingCounts {
  readonly #found = new Map<InconsistencyKind, number>();
  readonly #examined = new Map<WalkName, number>();
  readonly #cut = new Set<InconsistencyKind>();

  add({ walk, examined, found, unjudged, isCut }: ScanStep): void {
    this.#examined.set(walk, (this.#examined.get(walk) ?? 0) + examined);
    for (const { kind } of found) this.#found.set(kind, (this.#found.get(kind) ?? 0) + 1);
    for (const kind of KINDS_OF[walk]) if (isCut || (unjudged > 0 && OF_COPIES.has(kind))) this.#cut.add(kind);
  }

  of(kind: InconsistencyKind): Counted {
    const walks = [...this.#examined].filter(([walk]) => (KINDS_OF[walk] as readonly string[]).includes(kind));
    return {
      found: this.#found.get(kind) ?? 0,
      rows: Math.max(0, ...walks.map(([, examined]) => examined)),
      isWhole: !this.#cut.has(kind),
    };
  }
}

/**
 * Why nothing of a kind may be changed; null where it may. A person who has looked at the findings confirms their exact
 * number: then a larger share may be changed, and so may what was found where not every row was looked at.
 *
 * @param expected the number that a person expects; null where none was given
 */
export function stopReason({ found, rows, isWhole }: Counted, expected: number | null): string | null {
  if (expected !== null) {
    if (expected === found) return null;
    return `${found} found, and ${expected} expected: look at the findings again, then confirm their exact number`;
  }
  if (found === 0) return null;
  if (!isWhole) {
    return (
      `not every row was counted: ${found} found in the ${rows} rows that were looked at. "npm run repair" looks at all; ` +
      confirmed(found)
    );
  }
  if (found <= MOST_ROWS || found * 100 <= rows * MOST_PERCENT) return null;
  return (
    `${found} of ${rows} rows (${Math.floor((found * 100) / rows)} %) are more than ${MOST_ROWS} rows and ${MOST_PERCENT} %: ` +
    'look whether DATABASE_URL and MONGODB_URI name databases that belong together, and whether one of the two was restored ' +
    `or emptied; ${confirmed(found)}`
  );
}

function confirmed(found: number): string {
  return `--expect ${found}, in the graph expect: ${found}, confirms these`;
}
