// @ts-check
/**
 * Safeguards that keep what is only hidden, or not settled yet, from being taken for absent.
 *
 * @type {readonly import('./mutants.mjs').Mutant[]}
 */
export const ABSENCE = [
  {
    name: 'a transaction that proves nothing deletes users whose orders are hidden',
    file: 'src/ordering/user-deletion.repository.ts',
    from: "return orders === 'REFUSE' ? [LOOKED_UP_ORDERS] : [];",
    to: 'return [];',
    tests: ['test/ordering/hidden-orders.test.ts'],
  },
  {
    name: 'views, foreign tables and rights are not looked at within the transaction',
    file: 'src/platform/postgres/visible-rows.ts',
    from: 'THEN 0 ELSE 1 END AS "proof"',
    to: 'THEN 1 ELSE 1 END AS "proof"',
    tests: ['test/platform/visible-rows.test.ts', 'test/ordering/hidden-orders.test.ts'],
  },
  {
    name: 'names on hidden orders are taken for erased once the user is gone',
    file: 'src/ordering/user-deletion.repository.ts',
    from: "transactionSeeingAll(this.#postgres, 'noting an erasure', REMEMBERING, statements)",
    to: "transactionSeeingAll(this.#postgres, 'noting an erasure', [], statements)",
    tests: ['test/ordering/hidden-orders.test.ts'],
  },
  {
    name: 'an owner is taken to see every row in spite of FORCE ROW LEVEL SECURITY',
    file: 'src/platform/postgres/visible-rows.ts',
    from: ` AND NOT c.relforcerowsecurity) AS "isPoliced"`,
    to: ') AS "isPoliced"',
    tests: ['test/platform/visible-rows.test.ts'],
  },
  {
    name: 'the audit takes hidden rows for absent',
    file: 'src/audit/visibility.ts',
    from: 'const place = MISSING_IN[found.reason];',
    to: 'const place = MISSING_IN[found.reason] && undefined;',
    tests: ['test/audit/hidden-rows.test.ts'],
  },
  {
    name: 'what rests on hidden rows is called sound',
    file: 'src/audit/consistency-report.ts',
    from: 'parkedJobs === 0 && findings.unproved.length === 0 &&',
    to: 'parkedJobs === 0 &&',
    tests: ['test/audit/hidden-rows.test.ts'],
  },
  {
    name: 'a view of MongoDB is taken to show every document',
    file: 'src/platform/mongo/visible-documents.ts',
    from: "if (named?.['type'] !== 'view') return true;",
    to: "if (named?.['type'] !== 'viewed') return true;",
    tests: ['test/audit/hidden-rows.test.ts'],
  },
  {
    name: 'who most members of the replica set do not know is taken for gone',
    file: 'src/copies/user-snapshot.repository.ts',
    from: 'const unsure = missing.filter((id) => doubtful.has(id));',
    to: 'const unsure = missing.filter((id) => doubtful.delete(id) && false);',
    tests: ['test/audit/old-snapshots.test.ts'],
  },
  {
    name: 'repair deletes an order without a word of most members',
    file: 'src/audit/repair-acts.ts',
    from: "reason === 'MALFORMED' || (await repairing.isUserGone(reference));",
    to: "reason === 'MALFORMED' || (await repairing.hasUsers());",
    tests: ['test/audit/old-snapshots.test.ts'],
  },
  {
    name: 'the sync writes tombstones for users whom the primary has',
    file: 'src/copies/user-snapshot.repository.ts',
    from: 'gone: missing.filter((id) => !doubtful.has(id)), unsure }',
    to: 'gone: missing, unsure: [] }',
    tests: ['test/audit/old-snapshots.test.ts'],
  },
];
