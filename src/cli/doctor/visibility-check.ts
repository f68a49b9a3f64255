import type { Finding } from '../../platform/finding.js';
import { ok, warning, type Check } from './check.js';
import { list } from './words.js';

/**
 * Says whether the gateway sees every row: what rests on the absence of a row is not deleted, and nothing is called sound,
 * where some may be hidden.
 *
 * @param about the tables or collections that were looked at
 */
export function visibilityChecks(
  group: 'postgres' | 'mongo',
  about: readonly string[],
  hidden: readonly Finding[],
): readonly Check[] {
  const id = `${group}.visibility`;
  if (hidden.length === 0)
    return [ok(id, `every ${group === 'mongo' ? 'document' : 'row'} of ${list(about)} is seen`, { about })];
  return hidden.map((finding) =>
    warning(id, `${finding.problem}: ${CONSEQUENCE}`, finding.remedy, { about: finding.about }),
  );
}

const CONSEQUENCE = 'audits are incomplete, repair and deleteUser delete nothing that rests on a row that is not found';
