// @ts-check
// Safeguards of the limits on what one operation may ask for.

/** @type {readonly import('./mutants.mjs').Mutant[]} */
export const LIMITS = [
  {
    name: 'limits: pages inside of pages are added up',
    file: 'src/security/limits/cost.ts',
    from: 'this.#size(parent, field, nodes[0]) * (1 + inner.cost)',
    to: 'this.#size(parent, field, nodes[0]) + inner.cost',
    tests: ['test/security/limits-cost.test.ts'],
  },
  {
    name: 'limits: default values of variables are not counted',
    file: 'src/security/limits/cost-limit.ts',
    from: 'variables: coerced,',
    to: 'variables: { ...request.variables },',
    tests: ['test/security/limits-cost.test.ts'],
  },
  {
    name: 'limits: what costs too much is run all the same',
    file: 'src/security/limits/cost-limit.ts',
    from: 'found.rows > limit) throw refusal(found.refusedPage ?? tooCostly(limit, found.rows));',
    to: 'found.rows > limit) return Promise.resolve();',
    tests: ['test/security/limits-cost.test.ts'],
  },
  {
    name: 'limits: what fragments hold is not looked at',
    file: 'src/security/limits/shape.ts',
    from: 'isNamed ? this.#fragment(spread) : ',
    to: 'isNamed ? NOTHING : ',
    tests: ['test/security/limits.test.ts'],
  },
  {
    name: 'limits: a document that is too large is validated all the same',
    file: 'src/security/limits/shape-rule.ts',
    from: 'context.reportError(refusal(found));\n      return null;',
    to: 'context.reportError(refusal(found));\n      return undefined;',
    tests: ['test/security/limits.test.ts'],
  },
  {
    name: 'limits: a batch may have any number of operations',
    file: 'src/security/limits/batch.ts',
    from: 'body.length <= limit',
    to: 'limit > 1',
    tests: ['test/security/limits-http.test.ts'],
  },
];
