import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

// What `npm test` tries a few times, many times; and what takes minutes whatever is done about it.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [
      'test/abuse/**/*.test.ts',
      'test/audit/consistency-scale.test.ts',
      'test/audit/references.property.test.ts',
      'test/gateway/{faults,toxiproxy}.test.ts',
      'test/ordering/{cut-links,user-removal-race}.test.ts',
      'test/platform/{mongo-random,mongo-reader,postgres-positions,postgres-walks}.test.ts',
      'test/security/{limits-cost,two-users}.test.ts',
      'test/sync/user-sync-{leaders,stream}.test.ts',
      'test/testing/agreement.test.ts',
    ],
    exclude: [],
    testTimeout: 600_000,
    maxWorkers: 2,
  },
});
