// @ts-check
import js from '@eslint/js';
import graphql from '@graphql-eslint/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The settings have one reader, which checks them all at once; what else read them would skip the checks. */
const PROCESS_ENV = {
  object: 'process',
  property: 'env',
  message: 'Settings come from loadConfig() in src/config.ts.',
};

/** What the schema's rules are not meant for: code. */
const CODE = ['**/*.{js,mjs,ts}'];

export default defineConfig(
  globalIgnores([
    'bench/',
    'playground/',
    'dist/',
    '.data/',
    'src/platform/postgres/generated/',
    'test/support/generated/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { files: CODE, extends: [js.configs.recommended, tseslint.configs.strictTypeChecked] },
  {
    files: CODE,
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-duplicate-imports': 'error',
      'no-restricted-properties': ['error', PROCESS_ENV],
      // A name is the same wherever it is imported, so that it can be searched for.
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } },
      ],
      '@typescript-eslint/array-type': 'error',
      '@typescript-eslint/consistent-type-definitions': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // A class may be there for its decorators alone.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowEmpty: true }],
      // The graph's types are classes only so that decorators have something to stand on; rows are plain objects.
      '@typescript-eslint/no-misused-spread': [
        'error',
        { allow: [{ from: 'file', name: ['Order', 'Transaction', 'User'] }] },
      ],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/prefer-optional-chain': 'error',
      // A number has one spelling; what the rule is after are objects, null and undefined.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Absence is `=== null` or `=== undefined`: `0`, `''` and `0n` are values. (`a || b` on texts has its uses.)
      '@typescript-eslint/strict-boolean-expressions': ['error', { allowNullableObject: false, allowNumber: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/graph/decorators.ts', 'src/gateway/schema.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: 'type-graphql',
          message: 'Take decorators from src/graph/decorators.ts: it loads their metadata first.',
        },
      ],
    },
  },
  {
    files: ['src/config.ts', 'scripts/**', 'test/support/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    // A program of its own, which tames a library that talks to the environment and the console.
    files: ['src/platform/embedded/mongod-download.mjs'],
    rules: { 'no-restricted-properties': 'off', 'no-console': 'off' },
  },
  {
    files: ['**/*.mjs'],
    rules: {
      // The compiler, which knows Node's globals, reports the others.
      'no-undef': 'off',
      // A type assertion is a comment there, so what comes out of JSON.parse or import() stays `any`.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // An empty variable of the environment is as good as none, and so is a terminal of width 0.
      '@typescript-eslint/strict-boolean-expressions': [
        'error',
        { allowNullableObject: false, allowNullableString: true },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      // A test names the type of an answer that comes over the wire.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // A stand-in answers at once, though what it stands for does not.
      '@typescript-eslint/require-await': 'off',
      // For comparing by one thing and then by another: `a.x - b.x || a.y - b.y`.
      '@typescript-eslint/strict-boolean-expressions': ['error', { allowNullableObject: false }],
    },
  },
  {
    // What a tool reads is in the form that the tool wants.
    files: ['*.config.{js,ts}', '.dependency-cruiser.mjs', 'test/support/global-setup.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    // The contract: the descriptions are the documentation that an IDE shows, the shapes are what clients rely on.
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: './schema.graphql' } } },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          DirectiveDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
        },
      ],
      '@graphql-eslint/naming-convention': [
        'error',
        {
          types: 'PascalCase',
          FieldDefinition: 'camelCase',
          // Filters and sorts are written as Prisma's.
          InputValueDefinition: { style: 'camelCase', ignorePattern: '^(AND|OR|NOT)$' },
          EnumValueDefinition: { style: 'UPPER_CASE', ignorePattern: '^(asc|desc|default|insensitive)$' },
          'FieldDefinition[parent.name.value=Query]': {
            forbiddenPrefixes: ['get', 'find'],
            forbiddenSuffixes: ['Query'],
          },
        },
      ],
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      // `orderNumber` and `username` are what the columns are called.
      '@graphql-eslint/no-typename-prefix': 'off',
      // Beside `edges`, `nodes` lists the items themselves. No field fetches any object by its id alone.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
      // Clients' caches go by it.
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          exceptions: {
            types: [
              'PageInfo',
              'ConsistencyReport',
              'InconsistencyList',
              'RepairRunSummary',
              'RepairedKind',
              'Unproved',
            ],
            suffixes: ['Connection', 'Edge', 'Payload', 'Result'],
          },
        },
      ],
    },
  },
  {
    // No part of the program that the compiler checks.
    files: ['*.config.js', '.dependency-cruiser.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
);
