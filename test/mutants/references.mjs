// @ts-check
/**
 * Safeguards of rows whose reference means a row that is there.
 *
 * @type {readonly import('./mutants.mjs').Mutant[]}
 */
export const REFERENCES = [
  {
    name: 'an order is deleted although its user is there under a key of another kind',
    file: 'src/audit/repair-acts.ts',
    from: 'if (user !== null) return left(user);',
    to: "if (user === '') return left(user);",
    tests: ['test/audit/meant-references.test.ts'],
  },
  {
    name: 'malformed references are deleted where there is no user at all',
    file: 'src/audit/repair-acts.ts',
    from: 'if (!(await repairing.hasUsers())) return left(NO_USERS);',
    to: "if (id === '' && !(await repairing.hasUsers())) return left(NO_USERS);",
    tests: ['test/audit/meant-references.test.ts'],
  },
  {
    name: 'a transaction that names its order in another form is an orphan',
    file: 'src/audit/meant-partners.ts',
    from: 'return references.length === 0 ? NOBODY : this.#postgres.meant(orders, references);',
    to: 'return references.length >= 0 ? NOBODY : this.#postgres.meant(orders, references);',
    tests: ['test/audit/meant-references.test.ts'],
  },
  {
    name: 'a wrapped reference counts as malformed',
    file: 'src/audit/order-walk.ts',
    from: "return partner.how === 'plain' ? [] : [unjoined(row, partner)];",
    to: "if (partner.how === 'plain') return [];",
    tests: ['test/audit/reference-findings.test.ts'],
  },
  {
    name: 'any number of findings is mended without being confirmed',
    file: 'src/audit/repair-guard.ts',
    from: 'if (found <= MOST_ROWS || found * 100 <= rows * MOST_PERCENT) return null;',
    to: 'if (found <= MOST_ROWS || found * 100 <= rows * 100 * MOST_PERCENT) return null;',
    tests: ['test/audit/repair-guard.test.ts'],
  },
  {
    name: 'another number than the one that is expected is taken for confirmed',
    file: 'src/audit/repair-guard.ts',
    from: 'if (expected === found) return null;',
    to: 'if (expected >= 0 && found > 0) return null;',
    tests: ['test/audit/repair-guard.test.ts'],
  },
  {
    name: 'a count of some rows is taken for a count of all',
    file: 'src/audit/repair-guard.ts',
    from: '  if (!isWhole) {',
    to: '  if (!isWhole && found < 0) {',
    tests: ['test/audit/repair-guard.test.ts'],
  },
  {
    name: 'more is mended than was counted',
    file: 'src/audit/repair.service.ts',
    from: 'if (run.id === null || !run.take(finding)) return;',
    to: 'if (run.id === null || (!run.take(finding) && finding.id === run.id)) return;',
    tests: ['test/audit/repair-guard.test.ts'],
  },
  {
    name: 'a user whose orders hold the id in quotes has no orders',
    file: 'src/ordering/orders-of-user.ts',
    from: 'strpos(lower(${reference}), ${userId}) > 0',
    to: 'strpos(lower(${reference}), ${userId}) > 1000',
    tests: ['test/ordering/user-removal.test.ts', 'test/ordering/user-erasure.test.ts'],
  },
];
