import { ReferenceAudit, type Audit, type AuditLimits } from '../../src/audit/audit.js';
import { Judge, type Judged } from '../../src/audit/judge.js';
import type { ReferenceReader, ReferenceReaders } from '../../src/audit/reference-reader.js';
import { walkReferences } from '../../src/audit/walk.js';
import { RELATIONS } from '../../src/domains/catalogue.js';
import { relationName, type Relation } from '../../src/join/relation.js';
import type { DatabaseName } from '../../src/join/source.js';
import { MongoReferences } from '../../src/platform/mongo/references.js';
import type { Platform } from '../../src/platform/platform.js';
import { PostgresReferences } from '../../src/platform/postgres/references.js';

export function readersOf({ postgres, mongo }: Platform): ReferenceReaders {
  return new Map<DatabaseName, ReferenceReader>([
    ['postgres', new PostgresReferences((sql, ...parameters) => postgres.query(sql, ...parameters))],
    ['mongo', new MongoReferences(mongo)],
  ]);
}

/** The relation of this name: `orders.user`. */
export function relationOf(name: string): Relation {
  const relation = RELATIONS.find((one) => relationName(one) === name);
  if (relation === undefined) throw new Error(`no relation is called ${name}`);
  return relation;
}

/** What becomes of every row's reference, by a walk in stretches of this size, and how many stretches it took. */
export async function walk(
  platform: Platform,
  relation: Relation,
  options: { readonly size?: number; readonly after?: string | null } = {},
): Promise<{ judged: Judged[]; stretches: number }> {
  const readers = readersOf(platform);
  const judged: Judged[] = [];
  let stretches = 0;
  const parts = { source: relation.from, relations: [relation] };
  for await (const stretch of walkReferences(readers, new Judge(readers), parts, options)) {
    judged.push(...(stretch.judged.get(relation) ?? []));
    stretches += 1;
  }
  return { judged, stretches };
}

/** The audit of one relation. */
export async function auditOf(
  platform: Platform,
  relation: Relation,
  limits: Partial<AuditLimits> = {},
): Promise<Audit> {
  const all = { exactUpTo: 100_000, sample: 1_000, until: performance.now() + 60_000, ...limits };
  const [audit] = await new ReferenceAudit(readersOf(platform)).audit(relation.from, [relation], all);
  if (audit === undefined) throw new Error('a relation that is audited has an audit');
  return audit;
}
