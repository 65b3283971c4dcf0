import { defineConfig } from 'vitest/config'

/** The examples that have to be built first, and the one that installs its framework: not part of `npm test`. */
export default defineConfig({
  test: {
    name: 'frameworks',
    include: ['test/frameworks/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    // Next.js is installed and built.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
