import { ReferenceAudit } from '../../audit/audit.js';
import type { ReferenceReaders } from '../../audit/reference-reader.js';
import { relationName, type Relation } from '../../join/relation.js';
import { KEY, storedName, type DatabaseName } from '../../join/source.js';
import type { Task } from '../../platform/task.js';
import { describeAudit, type Named } from './audit-check.js';
import { guarded, skipped, type Check } from './check.js';
import { number } from './words.js';

/** Every reference is followed where a source has no more rows; otherwise so many rows are sampled. */
const EXACT_UP_TO = 1_000_000;
const SAMPLE = 50_000;

/** How long following all of them may take, in milliseconds. */
const TIME_LIMIT = 60_000;

interface Joined extends Named {
  readonly relations: readonly Relation[];
  /** Of the databases that could be opened. */
  readonly references: ReferenceReaders;
  /** Tables, columns and collections that cannot be read, by the names that sources have for them. */
  readonly unreadable: Readonly<Record<DatabaseName, ReadonlySet<string>>>;
}

/** Follows every relation's references, and says which lead nowhere. Rows are read once for all relations of a source. */
export async function examineJoins(joined: Joined, task: Task): Promise<readonly Check[]> {
  const { relations } = joined;
  const hindered = relations.flatMap((relation) => {
    const hindrance = hindranceOf(joined, relation);
    return hindrance === null ? [] : [skipped(idOf(relation), `${relationName(relation)}: ${hindrance}`)];
  });
  const free = relations.filter((relation) => hindranceOf(joined, relation) === null);
  const checks = [...hindered, ...(await followAll(joined, free, task))];
  return relations.flatMap((relation) => checks.filter(({ id }) => id === idOf(relation)));
}

async function followAll(joined: Joined, relations: readonly Relation[], task: Task): Promise<readonly Check[]> {
  const audit = new ReferenceAudit(joined.references);
  const deadline = performance.now() + TIME_LIMIT;
  const sources = [...new Set(relations.map(({ from }) => from))];
  const checks: Check[] = [];
  for (const [at, source] of sources.entries()) {
    const ours = relations.filter(({ from }) => from === source);
    const now = performance.now();
    const until = now + (deadline - now) / (sources.length - at);
    const audits = task(`Follow the references of ${source.name}`, (update) =>
      audit.audit(source, ours, { exactUpTo: EXACT_UP_TO, sample: SAMPLE, until }, (examined, of) => {
        update(examined / Math.max(of, examined, 1), `${number(examined)} rows`);
      }),
    );
    // What fails for the rows of a source, fails for each of its relations.
    for (const relation of ours) {
      const described = async () =>
        (await audits).filter((one) => one.relation === relation).map((one) => describeAudit(one, joined));
      checks.push(...(await guarded(idOf(relation), described)));
    }
  }
  return checks;
}

function idOf(relation: Relation): string {
  return `joins.${relationName(relation)}`;
}

/** Why a relation cannot be followed; null where it can. */
function hindranceOf({ references, unreadable }: Joined, { from, field, to }: Relation): string | null {
  for (const { database } of [from, to]) {
    if (!references.has(database)) {
      return `it cannot be followed while ${database === 'mongo' ? 'MongoDB' : 'PostgreSQL'} cannot be opened`;
    }
  }
  const needed = [
    ...[from, to].map((source) => ({ source, name: source.from })),
    ...[from, to].map((source) => ({ source, name: `${source.from}.${storedName(source, KEY)}` })),
    { source: from, name: `${from.from}.${storedName(from, field)}` },
    ...[from, to].map((source) => ({ source, name: `${source.from}.${source.hiddenBy ?? storedName(source, KEY)}` })),
  ];
  const lacking = needed.find(({ source, name }) => unreadable[source.database].has(name));
  return lacking === undefined ? null : `it cannot be followed while ${lacking.name} cannot be read (see above)`;
}
