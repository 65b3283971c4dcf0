import type { FormatOptions } from './formats.js'
import type { AuditReport, AuditResult } from './report.js'
import { RESULT_NAMES, sourcesOf, withResult } from './texts.js'

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
type Style = keyof typeof CODES

/**
 * Control characters, and those that turn the direction of text, could write over what stands in the terminal: what a server
 * says comes from outside.
 */
export const plain = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200e\u200f]/gu, ' ')

/** Styles for a terminal, or none. */
export const styles =
  (colors: boolean) =>
  (text: string, ...wanted: Style[]): string =>
    colors ? `\u001b[${wanted.map((style) => CODES[style]).join(';')}m${text}\u001b[0m` : text

/** Breaks text into lines of a width, each indented. */
export function wrapped(text: string, indent: string, columns: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line && indent.length + line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line += (line && ' ') + word
  }
  return [...lines, line].map((one) => `${indent}${one}`).join('\n')
}

/** The report for a person at a terminal: what failed first, with all that is needed to repair it. */
export function terminal(report: AuditReport, { colors = false, columns = 80 }: FormatOptions = {}): string {
  const style = styles(colors)
  const width = Math.min(columns, 100)
  const { results } = report
  const isOpen = ({ acceptedBecause }: AuditResult) => acceptedBecause === undefined
  const findings = withResult(results, 'fail').filter(isOpen)
  const warnings = withResult(results, 'warning').filter(isOpen)
  const accepted = withResult(results, 'fail', 'warning').filter((result) => !isOpen(result))

  const row = (name: string, value: string) =>
    `    ${style(name.padEnd(9), 'dim')}${wrapped(plain(value), ' '.repeat(13), width).trimStart()}`
  const named = ({ title, clientId }: AuditResult) =>
    plain(title) + (clientId ? style(` (${plain(clientId)})`, 'dim') : '')
  const finding = (result: AuditResult): string => {
    const [sign, color] = result.result === 'fail' ? (['✗', 'red'] as const) : (['!', 'yellow'] as const)
    const head = `  ${style(sign, color, 'bold')} ${named(result)}  ${style(result.severity, color)}  ${style(result.id, 'dim')}`
    return [
      head,
      row('Observed', result.observed),
      row('Why', result.why),
      row('Repair', result.repair),
      ...(result.setting ? [row('Setting', result.setting)] : []),
      row('Source', sourcesOf(result)),
    ].join('\n')
  }
  /** Many checks are often inconclusive for one reason. */
  const byReason = (open: readonly AuditResult[]): string => {
    const groups = new Map<string, AuditResult[]>()
    for (const result of open) groups.set(result.observed, [...(groups.get(result.observed) ?? []), result])
    return [...groups]
      .map(([reason, group]) => {
        const ids = [...new Set(group.map(({ id }) => id))].join(', ')
        return `${wrapped(plain(reason), '  ? ', width).replaceAll('\n  ? ', '\n    ')}\n${style(wrapped(ids, '    ', width), 'dim')}`
      })
      .join('\n')
  }
  const section = (title: string, parts: readonly string[]) =>
    parts.length ? [`${style(title, 'bold')}\n\n${parts.join('\n\n')}`] : []

  const inconclusive = withResult(results, 'inconclusive')
  const counts = (Object.keys(RESULT_NAMES) as (keyof typeof RESULT_NAMES)[])
    .filter((result) => report.summary[result])
    .map((result) => `${report.summary[result]} ${RESULT_NAMES[result]}`)
  const color: Style = report.summary.fail ? 'red' : report.summary.warning ? 'yellow' : 'green'
  const left = report.tokensLeft ? [`${report.tokensLeft} tokens could not be revoked; they end by themselves.`] : []
  return [
    ...section('Failed', findings.map(finding)),
    ...section('Warnings', warnings.map(finding)),
    ...section('Inconclusive', inconclusive.length ? [byReason(inconclusive)] : []),
    ...section(
      'Accepted by the baseline',
      accepted.map((result) => `  – ${named(result)}\n${row('Because', `${result.acceptedBecause}`)}`),
    ),
    ...section(
      'Stale in the baseline: these checks pass now, remove the entries',
      report.stale.map(({ id, clientId }) => `  – ${plain(id)}${clientId ? ` (${plain(clientId)})` : ''}`),
    ),
    [`${style(plain(report.issuer), 'bold')}: ${style(counts.join(', ') || 'no checks', color)}`, ...left].join('\n'),
  ].join('\n\n')
}
