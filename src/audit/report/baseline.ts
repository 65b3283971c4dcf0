import { configInvalid } from '../../protocol/authorize/begin.js'
import type { Severity } from '../check.js'
import { SEVERITIES } from '../check.js'
import type { AuditReport, AuditResult } from './report.js'

/** A finding that the team knows and has decided about. */
export interface BaselineEntry {
  readonly id: string
  /** The client it was found with, if the check has one. */
  readonly clientId?: string | undefined
  /** Why it is accepted, or the ticket that mends it. */
  readonly reason: string
}

/** The file of accepted findings. */
export interface Baseline {
  readonly version: 1
  readonly accepted: readonly BaselineEntry[]
}

const keyOf = ({ id, clientId = '' }: { readonly id: string; readonly clientId?: string | undefined }) =>
  JSON.stringify([id, clientId])

const isFinding = ({ result }: AuditResult) => result === 'fail' || result === 'warning'

/**
 * Marks the accepted findings. An entry is stale where its check has run and found nothing: it must be removed, or it would
 * hide the finding when it comes back.
 */
export function applyBaseline(report: AuditReport, { accepted }: Baseline): AuditReport {
  const reasons = new Map(accepted.map((entry) => [keyOf(entry), entry.reason]))
  const results = report.results.map((result) => {
    const acceptedBecause = isFinding(result) ? reasons.get(keyOf(result)) : undefined
    return acceptedBecause === undefined ? result : { ...result, acceptedBecause }
  })
  const passed = new Set(report.results.filter(({ result }) => result === 'pass').map(keyOf))
  return { ...report, results, stale: accepted.filter((entry) => passed.has(keyOf(entry))) }
}

/** A baseline that accepts all findings of a report, to start with. */
export const baselineOf = ({ results }: AuditReport, reason: string): Baseline => ({
  version: 1,
  accepted: results
    .filter(isFinding)
    .map(({ id, clientId }) => ({ id, ...(clientId !== undefined && { clientId }), reason })),
})

/** Reads a baseline file. @throws `config_invalid` */
export function parseBaseline(text: string): Baseline {
  let value: Partial<Baseline> | undefined
  try {
    value = JSON.parse(text)
  } catch {}
  const isEntry = (entry: Partial<BaselineEntry> | null) =>
    typeof entry?.id === 'string' &&
    (entry.clientId === undefined || typeof entry.clientId === 'string') &&
    typeof entry.reason === 'string' &&
    entry.reason.trim() !== ''
  if (value?.version !== 1 || !Array.isArray(value.accepted) || !value.accepted.every(isEntry))
    throw configInvalid(['baseline: must be { "version": 1, "accepted": [{ "id", "clientId"?, "reason" }] }'])
  return value as Baseline
}

/** The least severity that fails a run; `never`: none does. */
export type FailOn = Exclude<Severity, 'info'> | 'never'

/** Whether a report fails a run: by a failed check of this severity or above that is not accepted, or by a stale entry. */
export function isFailed({ results, stale }: AuditReport, failOn: FailOn): boolean {
  if (failOn === 'never') return false
  const counts = SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1)
  const isNew = ({ result, severity, acceptedBecause }: AuditResult) =>
    result === 'fail' && counts.includes(severity) && acceptedBecause === undefined
  return stale.length > 0 || results.some(isNew)
}
