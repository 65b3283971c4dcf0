import { defineConfig } from 'vitest/config'

/** `npm run test:servers`: also the servers that take a package of the system. */
export default defineConfig({
  test: {
    include: ['test/servers/*.test.ts'],
    root: new URL('../..', import.meta.url).pathname,
    environment: 'node',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
