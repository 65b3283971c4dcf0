import type { AuditBrowser, Progress } from '../browser/browser.js'
import type { AuditCheck } from '../check.js'
import type { AuditResult } from '../report/report.js'
import { plain, styles } from '../report/terminal.js'
import type { Io } from './io.js'

const SIGNS = {
  fail: ['✗', 'red'],
  warning: ['!', 'yellow'],
  inconclusive: ['?', 'dim'],
  pass: ['✓', 'green'],
  not_applicable: ['–', 'dim'],
} as const

/**
 * Shows how far the audit is, in the terminal and on the page of the browser. On a terminal one line that is written anew,
 * with the findings above it; else a line for each result.
 */
export function createProgress(issuer: string, { stderr }: Pick<Io, 'stderr'>, colors: boolean) {
  const style = styles(colors)
  const results: AuditResult[] = []
  let browser: AuditBrowser | undefined
  let current: string | undefined
  let total: number | undefined
  let ended: string | undefined

  const show = () => {
    const progress: Progress = { issuer, current, done: results.length, total, results: results.map(shown), ended }
    browser?.show?.(progress)
  }
  const clear = () => stderr.isTTY && stderr.write('\r\u001b[2K')
  const line = () => {
    if (!stderr.isTTY) return
    const count = `${results.length}${total ? `/${total}` : ''}`
    clear()
    stderr.write(style(`  ${count}  ${plain(current ?? '')}`.slice(0, (stderr.columns ?? 80) - 1), 'dim'))
  }

  return {
    /** The browser whose page shows the progress as well. */
    attach(to: AuditBrowser): void {
      browser = to
      show()
    },

    started({ title }: AuditCheck): void {
      current = title
      line()
      show()
    },

    finished(result: AuditResult, _done: number, of: number): void {
      results.push(result)
      total = of
      current = undefined
      const [sign, color] = SIGNS[result.result]
      const client = result.clientId ? ` (${plain(result.clientId)})` : ''
      if (!stderr.isTTY)
        stderr.write(`[${results.length}/${total}] ${result.result} ${result.id}${client}: ${plain(result.observed)}\n`)
      else if (result.result === 'fail' || result.result === 'warning') {
        clear()
        stderr.write(`  ${style(sign, color)} ${plain(result.title)}${client}\n`)
      }
      line()
      show()
    },

    /** @param text what the page says in the end */
    end(text: string): void {
      ended = text
      clear()
      show()
    },
  }
}

const shown = ({ title, clientId, severity, result, observed }: AuditResult): Progress['results'][number] => ({
  title,
  clientId,
  severity,
  result,
  observed,
})
