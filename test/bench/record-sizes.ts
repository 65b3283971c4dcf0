/**
 * Measures the bundles of the built package, prints what differs from what was recorded, records it, and writes the
 * README's figures from it.
 *
 * `npm run sizes`
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { readmeWithSizes } from './readme-sizes.js'
import { measureSizes, recordedSizes, SIZES_FILE, sizeDifferences } from './sizes.js'
import { textTable } from './table.js'

const README = new URL('../../README.md', import.meta.url)

const sizes = await measureSizes()
console.log(textTable(sizeDifferences(recordedSizes(), sizes)))
writeFileSync(SIZES_FILE, `${JSON.stringify(sizes, undefined, 2)}\n`)
writeFileSync(README, readmeWithSizes(readFileSync(README, 'utf8'), sizes))
