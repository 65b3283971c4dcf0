import { defineConfig } from 'vitest/config'

/** The unit tests that `run.ts` names, for one mutant after the other. */
export default defineConfig({
  test: {
    include: JSON.parse(process.env['MUTATION_TESTS'] ?? '["test/**/*.test.ts"]'),
    exclude: ['test/e2e/**', 'test/servers/**', 'test/frameworks/**'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    setupFiles: ['fake-indexeddb/auto', './test/setup-fast-check.ts'],
  },
})
