import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The tests and the libraries they load must share one graphql: its classes are compared by identity.
const graphql = fileURLToPath(new URL('node_modules/graphql/index.js', import.meta.url));
// What Node takes from the build, the tests take from the sources that they test.
const testing = fileURLToPath(new URL('src/testing/index.ts', import.meta.url));

/**
 * Tests of commands, compilers, servers that start and stop, links that break, and repairs of whole databases that are
 * stopped and undone: `npm run test:system` runs them.
 */
export const SYSTEM = [
  'test/audit/{old-snapshots,repair-guard,standby,undo}.test.ts',
  'test/cli/**/*.test.ts',
  'test/clients/page.test.ts',
  'test/features/playground/browser.test.ts',
  'test/gateway/{faults,outage,toxiproxy}.test.ts',
  'test/ordering/{amounts,cut-links,user-hold,user-removal-race}.test.ts',
  'test/platform/embedded*.test.ts',
  'test/platform/migrations.test.ts',
  'test/scripts/**/*.test.ts',
  'test/sync/{user-sync-leaders,user-sync-servers,worker}.test.ts',
];

/** Whether the command line names files: those are run, whatever suite they belong to. */
const namesFiles = process.argv.slice(2).some((word) => word.startsWith('test/'));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: graphql },
      { find: /^tandem\/testing$/, replacement: testing },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/start/**', 'test/crash/**', ...(namesFiles ? [] : SYSTEM)],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/leaks.ts', 'test/support/cost-matcher.ts'],
    // Files share the modules of their process, whose loading costs more than most of them: leaks.ts watches over that.
    isolate: false,
    // Tests of two databases wait more than they work.
    maxWorkers: 4,
    // Bounds on waits, for a machine that has other things to do as well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
