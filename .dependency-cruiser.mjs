// @ts-check
// What may know what. The rules see imports of types too, but for the one about wiring.

/** The domains, lowest first: each may know those before it. A join field lives with the one that has the foreign key. */
const DOMAINS = ['user', 'order', 'transaction'];

const DRIVERS =
  '(^|/)node_modules/(pg|@types/pg|@prisma/[^/]+|mongoose|mongodb|bson)/|^src/platform/postgres/generated/';
const GRAPHQL = '(^|/)node_modules/(graphql|type-graphql|graphql-scalars)/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or load in an order that nobody chose.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-is-there',
      comment: 'An import that leads nowhere fails when it is run, which may be late.',
      severity: 'error',
      from: {},
      // It has types and nothing else, which is nothing to a resolver of modules.
      to: { couldNotResolve: true, pathNot: '^@graphql-typed-document-node/core$' },
    },
    {
      name: 'join-is-pure',
      comment: 'The core of the joins serves any domain, any API and any database, so it knows none of them.',
      severity: 'error',
      from: { path: '^src/join/' },
      to: { pathNot: '^src/join/|(^|/)node_modules/dataloader/' },
    },
    {
      name: 'errors-know-nobody',
      comment: 'Everybody throws them, so they stand below everybody.',
      severity: 'error',
      from: { path: '^src/errors/' },
      to: { path: '^src/', pathNot: '^src/errors/' },
    },
    {
      name: 'graph-is-below-the-domains',
      comment: 'What turns any source into GraphQL must not know a particular one.',
      severity: 'error',
      from: { path: '^src/graph/' },
      to: { path: '^src/', pathNot: '^src/(graph|join|errors)/' },
    },
    {
      name: 'platform-is-below-the-domains',
      comment: 'The databases are read by declaration, so what reads them needs no domain and no configuration.',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(platform|join|errors)/' },
    },
    ...DOMAINS.map((domain, at) => ({
      name: `domain-${domain}-knows-only-those-below`,
      comment: `The order is ${DOMAINS.join(' <- ')}; a domain that looked up would close a circle.`,
      severity: /** @type {const} */ ('error'),
      from: { path: `^src/domains/${domain}/` },
      to: { path: '^src/domains/', pathNot: `^src/domains/(${DOMAINS.slice(0, at + 1).join('|')})/` },
    })),
    {
      name: 'domains-form-no-circle',
      comment: 'A domain may know another, or be known by it: a join lives with the one that has the foreign key.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/domains/' },
      to: { circular: true },
    },
    {
      name: 'domains-are-below-ordering',
      comment: 'What concerns both databases at once stands above the domains, or they could not be read alone.',
      severity: 'error',
      from: { path: '^src/domains/' },
      to: { path: '^src/ordering/' },
    },
    {
      name: 'the-inside-does-not-know-the-outside',
      comment: 'Domains and services also run without a server, a command line or a configuration.',
      severity: 'error',
      from: { path: '^src/(domains|ordering)/' },
      to: { path: '^src/(gateway|sync|cli)/|^src/(main|config|scope)\\.ts$' },
    },
    {
      name: 'drivers-stay-at-the-edge',
      comment: 'Another driver, or another version of one, changes these files and no other.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(platform|sync)/|\\.(repository|model)\\.ts$' },
      to: { path: DRIVERS },
    },
    {
      name: 'graphql-stays-at-the-border',
      comment: 'The services serve a script, a test or a worker as they serve the graph.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(gateway|graph|security|testing)/|\\.(resolver|type|input)\\.ts$' },
      to: { path: GRAPHQL },
    },
    {
      name: 'resolvers-call-services',
      comment: 'A resolver that reached past its service would skip what the service checks.',
      severity: 'error',
      from: { path: '\\.resolver\\.ts$' },
      to: { path: '\\.(repository|model)\\.ts$|^src/platform/' },
    },
    {
      name: 'only-the-scope-wires',
      comment:
        'Who gets what is written in one file, and one of each folder; the others name the type of what they get.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main\\.ts$|(^src/|\\.)scope\\.ts$|^src/(cli|gateway|testing)/' },
      to: { path: '^src/scope\\.ts$|\\.(service|repository)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sync-does-not-know-the-gateway',
      comment:
        'They are strangers that meet in interfaces of platform/, so that each runs as a process without the other.',
      severity: 'error',
      from: { path: '^src/sync/' },
      to: { path: '^src/gateway/' },
    },
    {
      name: 'the-gateway-does-not-know-sync',
      comment: 'The other direction of the same.',
      severity: 'error',
      from: { path: '^src/gateway/' },
      to: { path: '^src/sync/' },
    },
    {
      name: 'features-can-be-taken-off',
      comment: 'They are loaded by configuration: with a folder of src/features/ removed, the rest still compiles.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/features/' },
      to: { path: '^src/features/' },
    },
    {
      name: 'features-do-not-know-each-other',
      comment: 'Each can be removed while the others stay.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'the-program-does-not-know-its-testing-kit',
      comment: 'It is for those who test what they add; the program runs without it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'the-testing-kit-needs-no-test-runner',
      comment: 'It serves vitest, Jest and node:test alike; of vitest it knows the types, to add its matcher to them.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '(^|/)node_modules/(vitest|@vitest/[^/]+)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-program-does-not-know-its-tests',
      comment: 'It is built and shipped without them, and without the scripts that build it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench)/' },
    },
    {
      name: 'scripts-need-nothing-installed',
      comment:
        'They run before `npm ci` and before the build, so nothing they import may need a package or a compiler. ' +
        'What `npm run check` alone runs, it runs behind both.',
      severity: 'error',
      from: { path: '^scripts/', pathNot: '^scripts/check-schema-changes\\.mjs$' },
      to: { path: '(^|/)node_modules/|\\.ts$', reachable: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^src/platform/postgres/generated/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
