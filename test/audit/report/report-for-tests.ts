import type { AuditReport, AuditResult } from '../../../src/audit.js'

export const resultWith = (members: Partial<AuditResult>): AuditResult => ({
  id: 'wrong-verifier',
  title: 'A code with a wrong verifier gives no tokens',
  severity: 'high',
  sets: ['rfc9700'],
  sources: [
    { document: 'RFC 7636', section: '4.6', url: 'https://www.rfc-editor.org/rfc/rfc7636#section-4.6' },
    { document: 'OWASP ASVS 5.0', section: 'V10.4.6', url: 'https://github.com/OWASP/ASVS' },
  ],
  result: 'fail',
  observed: 'It gave tokens for a wrong verifier.',
  sends: 'A code with the verifier of another sign-in.',
  why: 'The verifier proves that the app that redeems a code is the one that asked for it. Without it a stolen code is enough.',
  repair: 'Compare the digest of the verifier with the challenge.',
  exchanges: [
    {
      request: {
        method: 'POST',
        url: 'https://login.example.com/token',
        headers: ['content-type: application/x-www-form-urlencoded'],
        body: 'grant_type=authorization_code&code=‹code›',
      },
      response: { status: 200, headers: ['content-type: application/json'], body: '{"access_token":"‹access_token›"}' },
    },
    {
      request: { method: 'GET', url: 'https://login.example.com/auth', headers: [] },
      failure: 'the connection failed',
    },
  ],
  durationSeconds: 0.25,
  ...members,
})

/** A report with each kind of result. */
export function reportWith(results: readonly AuditResult[] = everyKind()): AuditReport {
  const summary = { fail: 0, warning: 0, inconclusive: 0, pass: 0, not_applicable: 0 }
  for (const { result } of results) summary[result]++
  return {
    version: 1,
    toolVersion: '0.1.0',
    issuer: 'https://login.example.com/tenant',
    clients: [
      { clientId: 'my-spa', authentication: 'none' },
      { clientId: 'my-web-app', authentication: 'client_secret_basic' },
    ],
    startedAt: '2026-11-27T12:00:00.000Z',
    durationSeconds: 12.5,
    tokensLeft: 2,
    summary,
    results,
    stale: [],
  }
}

export const everyKind = (): AuditResult[] => [
  resultWith({ clientId: 'my-spa', setting: 'Set pkce.required to () => true.' }),
  resultWith({ id: 'code-twice', title: 'A code is taken once', severity: 'medium', clientId: 'my-spa' }),
  resultWith({ id: 'hsts', title: 'The server demands https', result: 'warning', severity: 'low' }),
  resultWith({ id: 'code-age', title: 'A code expires', result: 'inconclusive', observed: 'It waits for minutes.' }),
  resultWith({
    id: 'iss',
    title: 'Responses name the server',
    result: 'pass',
    observed: 'They do.',
    clientId: 'my-web-app',
  }),
  resultWith({ id: 'dpop', title: 'A proof is used once', result: 'not_applicable', observed: 'No DPoP here.' }),
]
