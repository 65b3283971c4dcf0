import { readFileSync, writeFileSync } from 'node:fs'
import { sourcesOf } from '../../../src/audit/report/texts.js'
import { checks } from '../../../src/audit.js'

export const PAGE = new URL('../../../docs/guide/audit.md', import.meta.url)
const [BEGIN, END] = ['<!-- checks -->\n', '<!-- /checks -->']

/** The table of all checks, as the documentation has it. */
export function checksTable(): string {
  const rows = checks.map((check) => {
    const needs = [check.needs.signIn && 'sign-in', check.needs.slow && '`--slow`'].filter(Boolean).join(', ')
    const cells = [`\`${check.id}\``, check.title, check.severity, sourcesOf(check), check.sets.join(', '), needs]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  })
  return `| id | what a good server does | severity | source | sets | needs |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('')}`
}

/** A page with the table of today. */
export function withChecksTable(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`The page has no ${BEGIN.trim()} … ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}${checksTable()}${page.slice(end)}`
}

/** `npx tsx test/audit/docs/checks-table.ts` writes it. */
if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, withChecksTable(readFileSync(PAGE, 'utf8')))
