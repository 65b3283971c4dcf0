import { defineConfig } from 'vitest/config'

/** The examples that have to be built first, and the one that installs its framework: not part of `npm test`. */
export default defineConfig({
  test: {
    name: 'frameworks',
    include: ['test/frameworks/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 120_000,
    // Next.js is installed and built.
    hookTimeout: 600_000,
  },
})
