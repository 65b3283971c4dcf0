import type { Result } from '../check.js'
import type { AuditResult } from './report.js'

/** The words for results, the worst first; all formats use this order. */
export const RESULT_NAMES: Readonly<Record<Result, string>> = {
  fail: 'failed',
  warning: 'warnings',
  inconclusive: 'inconclusive',
  pass: 'passed',
  not_applicable: 'not applicable',
}

export const sourcesOf = ({ sources }: Pick<AuditResult, 'sources'>): string =>
  sources.map(({ document, section }) => `${document} §${section}`.replace('§V', 'V')).join(', ')

/** Results of one kind, the most severe first. */
export const withResult = (results: readonly AuditResult[], ...wanted: readonly Result[]): AuditResult[] => {
  const order = ['high', 'medium', 'low', 'info']
  return results
    .filter(({ result }) => wanted.includes(result))
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

/** Text for XML and HTML. Characters that XML cannot hold are dropped. */
export const escaped = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n\r]|[\p{Cs}\ufffe\uffff]/gu, '').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
