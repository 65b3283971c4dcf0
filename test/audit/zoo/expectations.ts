import { readFileSync, writeFileSync } from 'node:fs'
import type { Result } from '../../../src/audit.js'
import type { Method } from '../../servers/running-server.js'
import type { Audited, Name } from './zoo.js'

/** What one check is expected to find; every check without an entry passes. */
export interface Finding {
  readonly id: string
  readonly result: Exclude<Result, 'pass'>
  /** The methods of the clients that it is about; empty: it needs no client. */
  readonly clients: readonly Method[]
  /** Of `fail` and `warning`: what was confirmed by hand, outside of the tool. Of others: why there is no answer. */
  readonly why?: string
}

const fileOf = (name: Name) => new URL(`./${name}.json`, import.meta.url)

export const readExpectations = (name: Name): Finding[] => JSON.parse(readFileSync(fileOf(name), 'utf8'))

/** What an audit found, except what passed, in the order of the checks. */
export function findingsOf({ report, methodOf }: Audited): Finding[] {
  const found = new Map<string, Finding & { clients: Method[] }>()
  for (const { id, result, clientId } of report.results) {
    if (result === 'pass') continue
    const key = `${id} ${result}`
    const finding = found.get(key) ?? { id, result, clients: [] }
    if (clientId !== undefined) finding.clients.push(methodOf.get(clientId)!)
    found.set(key, finding)
  }
  return [...found.values()]
}

/** Findings without their reasons, one line each, so that differences are short. */
export const linesOf = (findings: readonly Finding[]): string[] =>
  findings.map(({ id, result, clients }) => `${id}: ${result} ${clients.join(', ')}`.trim())

/** Writes what was found as what is expected. Reasons stay where the finding is the same; the others are to be written. */
export function record(name: Name, findings: readonly Finding[]): void {
  let before: Finding[] = []
  try {
    before = readExpectations(name)
  } catch {
    // The first time there is no file.
  }
  const withReasons = findings.map((finding) => {
    const why = before.find(({ id, result }) => id === finding.id && result === finding.result)?.why
    return { ...finding, ...(why !== undefined && { why }) }
  })
  writeFileSync(fileOf(name), `[\n${withReasons.map((finding) => `  ${JSON.stringify(finding)}`).join(',\n')}\n]\n`)
}
