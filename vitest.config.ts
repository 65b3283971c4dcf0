import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/helpers/longest-first.js'

export default defineConfig({
  test: {
    reporters: ['default', './test/helpers/closing-line.ts'],
    // Two files at a time, of both projects: while one waits for a browser, the other computes.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Of the project that extends this.
    setupFiles: ['./test/helpers/seed.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/servers/**', 'test/frameworks/**'],
          environment: 'node',
          // A bound for what hangs; no test waits for the clock.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          setupFiles: ['fake-indexeddb/auto'],
        },
      },
      {
        test: {
          name: 'servers',
          include: ['test/servers/servers.test.ts'],
          environment: 'node',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          // Two at a time on a busy machine: a framework's first build took over a minute.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // As long as browsers are given anywhere else.
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
})
