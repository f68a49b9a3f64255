import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const graphql = fileURLToPath(new URL('node_modules/graphql/index.js', import.meta.url));

// Processes of the build that are killed in the middle of their work. Two files at a time: each has processes of its own.
export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }] },
  test: {
    include: ['test/crash/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
