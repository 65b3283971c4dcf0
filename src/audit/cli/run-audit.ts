import type { AuditBrowser } from '../browser/browser.js'
import type { AuditCheck } from '../check.js'
import { checks } from '../checks/index.js'
import type { AuditClient } from '../client.js'
import type { AuditReport } from '../report/report.js'
import { plain, styles, wrapped } from '../report/terminal.js'
import { audit, choose } from '../run/audit.js'
import { openBrowser, signInWay } from './browser.js'
import { auditClients } from './clients.js'
import type { Io } from './io.js'
import { createProgress } from './progress.js'
import { checkPermission, type Settings } from './settings.js'

/**
 * Says what it will do and to whom, and does it.
 * @throws UsageError, `config_invalid`; after Ctrl-C the reason of the abort, when what was obtained has been revoked
 */
export async function runAudit(settings: Settings, io: Io, colors: boolean): Promise<AuditReport> {
  checkPermission(settings)
  const chosen = choose(checks, settings)
  const clients = await auditClients(settings.clients ?? [], io.env)
  const signsIn = clients.length > 0 && chosen.some(({ needs }) => needs.signIn)
  io.stderr.write(announcement(settings, chosen, clients, signsIn, colors))
  const progress = createProgress(settings.issuer, io, colors)
  let browser: AuditBrowser | undefined
  let left = 0
  try {
    browser = signsIn ? await openBrowser(settings, io) : undefined
    if (browser) progress.attach(browser)
    const { issuer, metadata, product, mayTest, sets, only, skip, slow } = settings
    const report = await audit({
      ...{ issuer, metadata, product, mayTest, sets, only, skip, slow },
      clients,
      browser,
      signal: io.signal,
      onStart: progress.started,
      onResult: progress.finished,
      onRevoked: (tokensLeft) => {
        left = tokensLeft
      },
    })
    progress.end('The audit has ended')
    return report
  } catch (error) {
    progress.end('The audit was stopped')
    if (io.signal.aborted) io.stderr.write(stopped(left))
    throw error
  } finally {
    await browser?.close()
    for (const { clientAuth } of clients)
      if (clientAuth && 'close' in clientAuth) await (clientAuth.close as () => unknown)()
  }
}

const stopped = (left: number) =>
  left
    ? `Stopped. ${left} tokens could not be revoked; they end by themselves.\n`
    : 'Stopped. All tokens that were obtained have been revoked.\n'

function announcement(
  settings: Settings,
  chosen: readonly AuditCheck[],
  clients: readonly AuditClient[],
  signsIn: boolean,
  colors: boolean,
): string {
  const style = styles(colors)
  const row = (name: string, text: string) =>
    `  ${style(name.padEnd(9), 'dim')}${wrapped(plain(text), ' '.repeat(11), 80).trimStart()}\n`
  const named = clients.map(({ clientId, clientAuth }) => `${clientId} (${clientAuth?.method ?? 'public'})`)
  const does = clients.length
    ? 'Requests that a good server refuses, one after the other. No password is tried. Tokens are revoked at the end.'
    : 'Requests that anybody can send. Nobody signs in.'
  return [
    `${style('proofkey audit', 'bold')} of ${style(plain(settings.issuer), 'bold')}\n\n`,
    row('Clients', named.join(', ') || 'none: only what can be seen without one'),
    row('Checks', `${chosen.length}${settings.slow ? ', also those that wait for minutes' : ''}`),
    row('Sends', does),
    ...(signsIn ? [row('Sign-in', signInWay(settings))] : []),
    '\n',
  ].join('')
}
