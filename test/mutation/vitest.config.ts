import { defineConfig } from 'vitest/config'
import { ShortestFirst, SLOW } from '../helpers/longest-first.js'

const include: string[] = JSON.parse(process.env['MUTATION_TESTS'] ?? '["test/**/*.test.ts"]')

/** The unit tests that `run.ts` names, for one mutant after the other; slow ones only where it names the file itself. */
export default defineConfig({
  test: {
    include,
    exclude: [
      'test/e2e/**',
      'test/servers/**',
      'test/frameworks/**',
      ...SLOW.filter((path) => !include.includes(path)),
    ],
    // Source is loaded once for all files of a run; each run has a worker of its own, so that no mutant meets another.
    isolate: false,
    sequence: { sequencer: ShortestFirst },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    setupFiles: ['fake-indexeddb/auto', './test/setup-fast-check.ts', './test/setup-shared-workers.ts'],
  },
})
