import type { AuditSet, Result, Severity, Source } from '../check.js'
import type { Exchange } from '../run/http.js'
import type { BaselineEntry } from './baseline.js'

/** Rises when a member of the report is removed or changes its meaning. */
export const REPORT_VERSION = 1

/** One check's result, with all that a reader needs; without secrets. */
export interface AuditResult {
  readonly id: string
  readonly title: string
  readonly severity: Severity
  readonly sets: readonly AuditSet[]
  readonly sources: readonly Source[]
  /** The client it was run for. */
  readonly clientId?: string
  readonly result: Result
  /** What the server did. */
  readonly observed: string
  /** What the check sends, in one sentence. */
  readonly sends: string
  readonly why: string
  readonly repair: string
  /** The setting of this product that repairs it. */
  readonly setting?: string
  /** What was sent and what came back. */
  readonly exchanges: readonly Exchange[]
  readonly durationSeconds: number
  /** The reason in the baseline, if this finding is accepted there. */
  readonly acceptedBecause?: string
}

/** The report of an audit: JSON, and what all other formats are made of. */
export interface AuditReport {
  readonly version: typeof REPORT_VERSION
  /** The version of proofkey. */
  readonly toolVersion: string
  readonly issuer: string
  /** The product that the server is, if that could be told. `how` fits after “recognised by”. */
  readonly product?: { readonly name: string; readonly how: string }
  readonly clients: readonly { readonly clientId: string; readonly authentication: string }[]
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly durationSeconds: number
  /** How many tokens could not be revoked; they end by themselves. */
  readonly tokensLeft: number
  readonly summary: Readonly<Record<Result, number>>
  readonly results: readonly AuditResult[]
  /** Entries of the baseline whose check passes now. */
  readonly stale: readonly BaselineEntry[]
}

export function summaryOf(results: readonly Pick<AuditResult, 'result'>[]): Record<Result, number> {
  const summary = { fail: 0, warning: 0, inconclusive: 0, pass: 0, not_applicable: 0 }
  for (const { result } of results) summary[result]++
  return summary
}
