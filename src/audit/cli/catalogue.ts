import type { AuditCheck } from '../check.js'
import { checks } from '../checks/index.js'
import { wrapped } from '../report/terminal.js'
import { sourcesOf } from '../report/texts.js'
import { UsageError } from './usage-error.js'

/** What a check needs, in a few words. */
function needsOf({ needs }: AuditCheck): string {
  const parts = [
    needs.client && `a ${needs.client === 'any' ? '' : `${needs.client} `}client`,
    needs.signIn && 'a sign-in',
    needs.otherClient && 'a second client',
    needs.slow && '--slow',
    needs.metadata?.length && `${needs.metadata.join(', ')} in the metadata`,
  ]
  return parts.filter(Boolean).join(', ') || 'nothing'
}

/** All checks, a line each. */
export function list(): string {
  const width = Math.max(...checks.map(({ id }) => id.length))
  return checks.map(({ id, severity, title }) => `${id.padEnd(width)}  ${severity.padEnd(6)}  ${title}\n`).join('')
}

/** All about one check. @throws UsageError for an unknown one */
export function explain(id: string): string {
  const check = checks.find((one) => one.id === id)
  if (!check) throw new UsageError(`There is no check with this id.`, 'proofkey audit --list shows all.')
  const row = (name: string, text: string) => `  ${name.padEnd(9)}${wrapped(text, ' '.repeat(11), 80).trimStart()}\n`
  return [
    `${check.title}\n\n`,
    row('Id', check.id),
    row('Severity', check.severity),
    row('Sets', check.sets.join(', ') || 'none'),
    row('Needs', needsOf(check)),
    row('Sends', check.sends),
    row('Why', check.why),
    row('Repair', check.repair),
    row('Source', sourcesOf(check)),
    ...check.sources.map(({ url }) => `           ${url}\n`),
  ].join('')
}
