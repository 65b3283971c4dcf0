import type { AuditReport, AuditResult } from './report.js'
import { RESULT_NAMES, sourcesOf, withResult } from './texts.js'

/** The report as Markdown, for a CI summary or a ticket. */
export function markdown(report: AuditReport): string {
  const { issuer, product, clients, summary, results, stale } = report
  const counts = (Object.keys(RESULT_NAMES) as (keyof typeof RESULT_NAMES)[])
    .filter((result) => summary[result])
    .map((result) => `${summary[result]} ${RESULT_NAMES[result]}`)
  const findings = withResult(results, 'fail').concat(withResult(results, 'warning'))
  return [
    `# Audit of ${plain(issuer)}`,
    '',
    `**${counts.join(' · ')}** · ${report.startedAt.slice(0, 10)} · proofkey ${report.toolVersion}${product ? ` · the server is ${plain(product.name)}, recognised by ${plain(product.how)}` : ''}${clients.length ? ` · clients: ${clients.map(({ clientId, authentication }) => `${plain(clientId)} (${authentication})`).join(', ')}` : ''}`,
    ...findings.flatMap(finding),
    ...stale.map(({ id }) => `\n> The baseline accepts \`${id}\`, which passes now. Remove the entry.`),
    ...table('Inconclusive', withResult(results, 'inconclusive')),
    ...table('Passed', withResult(results, 'pass')),
    ...table('Not applicable', withResult(results, 'not_applicable')),
    '',
  ].join('\n')
}

function finding(result: AuditResult): string[] {
  const { title, id, clientId, severity, observed, why, repair, setting, acceptedBecause } = result
  const kind = result.result === 'fail' ? `Failed (${severity})` : 'Warning'
  return [
    '',
    `## ${kind}: ${title}`,
    '',
    `${plain(observed)}${clientId === undefined ? '' : ` *(client ${plain(clientId)})*`}`,
    '',
    `- **Why it matters:** ${why}`,
    `- **Repair:** ${repair}`,
    ...(setting === undefined ? [] : [`- **In this product:** ${setting}`]),
    ...(acceptedBecause === undefined ? [] : [`- **Accepted in the baseline:** ${plain(acceptedBecause)}`]),
    `- \`${id}\` · ${sourcesOf(result)}`,
  ]
}

const table = (heading: string, results: readonly AuditResult[]) =>
  results.length
    ? [
        '',
        `<details><summary>${heading}: ${results.length}</summary>`,
        '',
        '| check | what the server did |',
        '| --- | --- |',
        ...results.map(
          ({ title, clientId, observed }) =>
            `| ${title}${clientId === undefined ? '' : ` (${plain(clientId)})`} | ${plain(observed)} |`,
        ),
        '',
        '</details>',
      ]
    : []

/** A text of the server or of a person, which must not become markup. */
const plain = (text: string) => text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>|#!~]/g, '\\$&')
