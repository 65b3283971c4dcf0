import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { checks } from '../../../src/audit.js'
import { PAGE, withChecksTable } from './checks-table.js'

it('the documentation lists all checks; else: npx tsx test/audit/docs/checks-table.ts', () => {
  const page = readFileSync(PAGE, 'utf8')
  expect(page).toBe(withChecksTable(page))
  for (const { id } of checks) expect(page).toContain(`| \`${id}\` |`)
})
