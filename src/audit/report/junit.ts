import type { AuditReport, AuditResult } from './report.js'
import { escaped, sourcesOf } from './texts.js'

/** The report as JUnit XML: one suite for each client, one test case for each check. */
export function junit(report: AuditReport): string {
  const clientIds = [...new Set(report.results.map(({ clientId }) => clientId))]
  const suites = clientIds.map((clientId) =>
    suite(
      clientId === undefined ? 'without a client' : `client ${clientId}`,
      report.results.filter((result) => result.clientId === clientId),
      report,
    ),
  )
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="proofkey audit of ${escaped(report.issuer)}" ${countsOf(report.results)}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

const isFailure = ({ result, acceptedBecause }: AuditResult) => result === 'fail' && acceptedBecause === undefined

/** What says nothing about the server; and what is accepted, so that it is seen. */
const isSkipped = ({ result, acceptedBecause }: AuditResult) =>
  result === 'inconclusive' || result === 'not_applicable' || (result === 'fail' && acceptedBecause !== undefined)

function countsOf(results: readonly AuditResult[]): string {
  const seconds = results.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0)
  const skipped = results.filter(isSkipped).length
  return `tests="${results.length}" failures="${results.filter(isFailure).length}" errors="0" skipped="${skipped}" time="${seconds.toFixed(3)}"`
}

const suite = (name: string, results: readonly AuditResult[], { startedAt }: AuditReport) =>
  [
    `  <testsuite name="${escaped(name)}" ${countsOf(results)} timestamp="${escaped(startedAt)}">`,
    ...results.map(testCase),
    '  </testsuite>',
  ].join('\n')

function testCase(result: AuditResult): string {
  const { id, title, observed, why, repair, setting, acceptedBecause, durationSeconds } = result
  const text = `${observed}\n${why}\nRepair: ${setting ?? repair}\n${sourcesOf(result)}`
  const inner = isFailure(result)
    ? `<failure message="${escaped(observed)}">${escaped(text)}</failure>`
    : isSkipped(result)
      ? `<skipped message="${escaped(acceptedBecause === undefined ? observed : `accepted: ${acceptedBecause}`)}"/>`
      : `<system-out>${escaped(result.result === 'warning' ? `Warning: ${text}` : observed)}</system-out>`
  return `    <testcase classname="${escaped(id)}" name="${escaped(title)}" time="${durationSeconds.toFixed(3)}">${inner}</testcase>`
}
