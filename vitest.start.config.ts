import { defineConfig } from 'vitest/config';

// The commands as a user runs them, each in a copy of the project: one after the other, without global databases.
export default defineConfig({
  test: {
    include: ['test/start/**/*.test.ts'],
    globalSetup: ['test/support/project-template.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
