import type { Result, Severity } from '../check.js'
import type { AuditReport, AuditResult } from './report.js'
import { sourcesOf } from './texts.js'

const LEVELS = { high: 'error', medium: 'warning', low: 'note', info: 'note' } as const satisfies Record<
  Severity,
  string
>

/** GitHub sorts by this number, which is on the scale of CVSS. */
const SECURITY_SEVERITIES: Readonly<Record<Severity, string>> = { high: '8.0', medium: '5.0', low: '3.0', info: '0.0' }

const KINDS = {
  fail: 'fail',
  warning: 'fail',
  inconclusive: 'open',
  pass: 'pass',
  not_applicable: 'notApplicable',
} as const satisfies Record<Result, string>

export interface SarifOptions {
  /** The file that results point at, because a URL is no file: the configuration of the audit. */
  readonly configurationFile?: string | undefined
}

/** The report as SARIF 2.1.0. Accepted findings are there, as suppressed. */
export function sarif(report: AuditReport, { configurationFile = 'proofkey.audit.json' }: SarifOptions = {}): string {
  const rules = [...new Map(report.results.map((result) => [result.id, result])).values()]
  return JSON.stringify(
    {
      $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'proofkey audit',
              semanticVersion: report.toolVersion,
              rules: rules.map(ruleOf),
            },
          },
          invocations: [{ executionSuccessful: true, startTimeUtc: report.startedAt }],
          properties: { issuer: report.issuer },
          results: report.results.map((result) => ({
            ruleId: result.id,
            ruleIndex: rules.findIndex(({ id }) => id === result.id),
            kind: KINDS[result.result],
            // SARIF demands `none` for every kind but `fail` (§3.27.10).
            level: KINDS[result.result] === 'fail' ? levelOf(result) : 'none',
            message: { text: messageOf(report, result) },
            locations: [
              { physicalLocation: { artifactLocation: { uri: configurationFile }, region: { startLine: 1 } } },
            ],
            partialFingerprints: { 'proofkeyAudit/v1': [report.issuer, result.id, result.clientId ?? ''].join(' ') },
            ...(result.acceptedBecause !== undefined && {
              baselineState: 'unchanged',
              suppressions: [{ kind: 'external', status: 'accepted', justification: result.acceptedBecause }],
            }),
          })),
        },
      ],
    },
    undefined,
    2,
  )
}

/** A warning is never an error. */
const levelOf = ({ result, severity }: AuditResult) =>
  result === 'warning' && severity === 'high' ? 'warning' : LEVELS[severity]

const messageOf = ({ issuer }: AuditReport, { observed, clientId, repair, setting }: AuditResult) =>
  `${issuer}${clientId === undefined ? '' : ` (client ${clientId})`}: ${observed} ${setting ?? repair}`

function ruleOf(result: AuditResult) {
  const { id, title, why, repair, severity, sets } = result
  return {
    id,
    name: id.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: why },
    helpUri: result.sources[0]?.url,
    help: { text: `${repair} (${sourcesOf(result)})`, markdown: `${repair}\n\n${sourcesOf(result)}` },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['security', ...sets], 'security-severity': SECURITY_SEVERITIES[severity] },
  }
}
