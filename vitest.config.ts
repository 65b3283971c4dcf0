import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    reporters: ['default', './test/helpers/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/servers/**'],
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
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
