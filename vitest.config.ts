import { defineConfig } from 'vitest/config'
import { LongestFirst, SLOW } from './test/helpers/longest-first.js'

const setupFiles = ['fake-indexeddb/auto', './test/setup-fast-check.ts', './test/setup-shared-workers.ts']
const elsewhere = ['test/e2e/**', 'test/servers/**', 'test/frameworks/**']
/** Files that have a page of their own, build the site, or start other test runners. */
const alone = ['test/environments/**', 'test/testing/**', 'test/docs/**', 'examples/testing/vitest/*.test.ts']
/** A bound for what hangs; no test waits for the clock. */
const aMinute = { environment: 'node', testTimeout: 60_000, hookTimeout: 60_000 } as const
/**
 * The files of a project share their workers, and load the source once for each: a file leaves behind no change of a global
 * and no state of a module that others meet.
 */
const sharedWorkers = { isolate: false } as const

export default defineConfig({
  test: {
    reporters: ['default', './test/helpers/closing-line.ts'],
    // More files at a time than processors, of all projects: while some wait for a browser, another one computes.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...aMinute,
          ...sharedWorkers,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...elsewhere, ...alone, ...SLOW],
          setupFiles,
        },
      },
      { test: { ...aMinute, ...sharedWorkers, name: 'slow', include: [...SLOW], setupFiles } },
      {
        test: {
          ...aMinute,
          name: 'alone',
          include: alone.map((path) => path.replace('**', '**/*.test.ts')),
          setupFiles,
        },
      },
      { test: { ...aMinute, name: 'servers', include: ['test/servers/servers.test.ts'] } },
      {
        test: {
          ...sharedWorkers,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          // Several at a time on a busy machine: a framework's first build took over a minute.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxConcurrency: 2,
          // As long as browsers are given anywhere else.
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
})
