import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { LONG } from './helpers/longest-first.js'

it.each(LONG.map((name) => [name]))('the end-to-end tests that take long are in a file of this name: %s', (name) => {
  expect(existsSync(new URL(`./e2e/${name}.test.ts`, import.meta.url))).toBe(true)
})
