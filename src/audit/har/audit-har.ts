import type { Verdict } from '../check.js'
import { inconclusive } from '../check.js'
import { type AuditReport, type AuditResult, REPORT_VERSION, summaryOf } from '../report/report.js'
import { VERSION } from '../version.js'
import { harChecks } from './checks/index.js'
import { fieldOf } from './fields.js'
import type { HarFile } from './har.js'
import type { HarCheck } from './har-check.js'
import { originOf } from './hosts.js'
import { parameter } from './sign-ins.js'
import { readTraffic, type Traffic } from './traffic.js'

/**
 * What recordings of a browser show about how an app signs people in. Nothing is sent. Several recordings are looked at as
 * one, so that values can be compared over sign-ins. The report has the shape of {@link audit}'s, with the origin of the
 * authorization server as `issuer` (the names of the recordings if no sign-in is in them), and never a secret.
 * @param recordings HAR 1.2 files, as text, each with the name by which findings mention it
 * @throws `config_invalid` if a recording is no HAR or too large; the message names it
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { auditHar } from 'proofkey/audit'
 *
 * const report = auditHar([{ name: 'sign-in.har', text: readFileSync('sign-in.har', 'utf8') }])
 * ```
 */
export function auditHar(recordings: readonly HarFile[]): AuditReport {
  const startedAt = new Date()
  const traffic = readTraffic(recordings)
  const results = harChecks.map((check) => resultOf(check, traffic))
  const [first] = traffic.signIns
  return {
    version: REPORT_VERSION,
    toolVersion: VERSION,
    issuer: traffic.redacted(first ? originOf(first.entry.url) : traffic.recordings.map(({ name }) => name).join(', ')),
    clients: clientsOf(traffic),
    startedAt: startedAt.toISOString(),
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    tokensLeft: 0,
    summary: summaryOf(results),
    results,
    stale: [],
  }
}

function resultOf(check: HarCheck, traffic: Traffic): AuditResult {
  const startedAt = performance.now()
  const { id, title, severity, sets, sources, reads, why, repair } = check
  const { result, observed } = limited(check, check.judge(traffic), traffic)
  return {
    id,
    title,
    severity,
    sets,
    sources,
    sends: `Nothing. It reads: ${reads}`,
    why,
    repair,
    result,
    observed: traffic.redacted(observed),
    exchanges: [],
    durationSeconds: (performance.now() - startedAt) / 1000,
  }
}

/** What is not in a recording cannot pass. */
function limited({ needs }: HarCheck, verdict: Verdict, { signIns, recordings }: Traffic): Verdict {
  if (verdict.result === 'fail' || verdict.result === 'warning') return verdict
  if (!signIns.length) return inconclusive('No sign-in is in the recording.')
  if (verdict.result === 'inconclusive') return verdict
  const cut = recordings.find(
    ({ headersCut, bodiesCut }) =>
      (needs === 'headers' && headersCut) || (needs === 'bodies' && (bodiesCut || headersCut)),
  )
  return cut
    ? inconclusive(
        `The recording "${cut.name}" was saved without ${needs === 'bodies' && cut.bodiesCut ? 'content' : 'credentials'}; save it with sensitive data.`,
      )
    : verdict
}

/** Each client of the sign-ins once, and how it was seen to authenticate. */
function clientsOf({ signIns, redacted }: Traffic): AuditReport['clients'] {
  const clients = new Map<string, string>()
  for (const signIn of signIns) {
    const clientId = redacted(parameter(signIn, 'client_id') ?? '')
    const sent = signIn.tokenRequests.flatMap(({ entry }) => entry.fields)
    const basic = signIn.tokenRequests.some(({ entry }) =>
      entry.headers.some(([name, value]) => name === 'authorization' && /^basic /i.test(value)),
    )
    const redeemed = signIn.tokenRequests.some(({ kind }) => kind === 'token_endpoint')
    const authentication = basic
      ? 'client_secret_basic'
      : fieldOf(sent, 'client_secret')
        ? 'client_secret_post'
        : fieldOf(sent, 'client_assertion')
          ? 'client assertion'
          : redeemed
            ? 'none'
            : 'not visible'
    if (!clients.has(clientId) || redeemed) clients.set(clientId, authentication)
  }
  return [...clients].map(([clientId, authentication]) => ({ clientId, authentication }))
}
