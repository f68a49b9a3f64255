// @ts-check

/** @type {readonly import('./mutants.mjs').Mutant[]} */
export const POLICY = [
  {
    name: 'policy: a look-up by key takes rows that are not for the asker',
    file: 'src/join/joins.ts',
    from: 'findByKeys(source, field, keys, union, this.sight.rows(source))',
    to: 'findByKeys(source, field, keys, union)',
    tests: ['test/security/policy.test.ts'],
  },
  {
    name: 'policy: a list takes rows that are not for the asker',
    file: 'src/join/joins.ts',
    from: 'where: both(this.sight.rows(source), request.where)',
    to: 'where: request.where',
    tests: ['test/security/policy.test.ts'],
  },
  {
    name: 'policy: a count tells of rows that are not for the asker',
    file: 'src/join/joins.ts',
    from: 'const seen = both(this.sight.rows(source), where);',
    to: 'const seen = where;',
    tests: ['test/security/policy.test.ts'],
  },
  {
    name: 'policy: the default order is by a field that is not for the asker',
    file: 'src/join/joins.ts',
    from: 'source.orderBy.filter(({ field }) => this.sight.reads(source, field))',
    to: 'source.orderBy',
    tests: ['test/security/policy.test.ts'],
  },
  {
    name: 'policy: a field is shown in a row in which it is not for the asker',
    file: 'src/security/policed-schema.ts',
    from: 'if (!(context as PolicedContext).access.allows(rule, source, row as object)) {',
    to: 'if (!(context as PolicedContext).access.allows(rule, source, row as object) && row === null) {',
    tests: ['test/security/policy.test.ts'],
  },
  {
    name: 'policy: the loaders of one request are those of all',
    file: 'src/scope.ts',
    from: 'const joins = new Joins(platform.readers, access);',
    to: 'const joins = ((platform as { shared?: Joins }).shared ??= new Joins(platform.readers, access));',
    tests: ['test/security/two-users.test.ts'],
  },
];
