import { defineConfig } from 'vitest/config'
import { ShortestFirst } from '../helpers/longest-first.js'

/** The tests that `run.ts` names, for one mutant after the other. */
export default defineConfig({
  // The packages are outside of the copy in which mutants are tried; tests with a DOM would not find them.
  server: { fs: { strict: false } },
  test: {
    include: JSON.parse(process.env['MUTATION_TESTS'] ?? '[]'),
    // Source is loaded once for all files of a run; each run has a worker of its own, so that no mutant meets another.
    isolate: false,
    sequence: { sequencer: ShortestFirst },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    setupFiles: ['fake-indexeddb/auto', './test/setup-fast-check.ts', './test/setup-shared-workers.ts'],
  },
})
