import { defineConfig } from 'vitest/config';

// The commands as a user runs them, each in a copy of the project: side by side, without global databases.
export default defineConfig({
  test: {
    include: ['test/start/**/*.test.ts'],
    globalSetup: ['test/support/project-template.ts'],
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
