import { defineConfig } from 'vitest/config'

/** The tests that `run.ts` names, for one mutant after the other. */
export default defineConfig({
  // The packages are outside of the copy in which mutants are tried; tests with a DOM would not find them.
  server: { fs: { strict: false } },
  test: {
    include: JSON.parse(process.env['MUTATION_TESTS'] ?? '[]'),
    // As in `npm test`: the source is loaded once for each mutant, not for each file of tests.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    setupFiles: ['fake-indexeddb/auto', './test/setup-fast-check.ts', './test/setup-shared-workers.ts'],
  },
})
