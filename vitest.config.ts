import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The tests and the libraries they load must share one graphql: its classes are compared by identity.
const graphql = fileURLToPath(new URL('node_modules/graphql/index.js', import.meta.url));
// What Node takes from the build, the tests take from the sources that they test.
const testing = fileURLToPath(new URL('src/testing/index.ts', import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: graphql },
      { find: /^tandem\/testing$/, replacement: testing },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/start/**', 'test/crash/**'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/cost-matcher.ts'],
    // Bounds on waits, for a machine that has other things to do as well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
  },
});
