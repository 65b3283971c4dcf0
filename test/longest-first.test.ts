import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { LONG, SLOW } from './helpers/longest-first.js'

it.each(LONG.map((name) => [name]))('the end-to-end tests that take long are in a file of this name: %s', (name) => {
  expect(existsSync(new URL(`./e2e/${name}.test.ts`, import.meta.url))).toBe(true)
})

// A name of no file would leave out a test unseen.
it.each(SLOW.map((path) => [path]))('a file that the unit tests leave out is there: %s', (path) => {
  expect(existsSync(new URL(`../${path}`, import.meta.url))).toBe(true)
})
