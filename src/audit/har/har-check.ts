import type { AuditSet, Severity, Source, Verdict } from '../check.js'
import type { Traffic } from './traffic.js'

/** One thing that an app must or must not do, as far as the traffic of a browser shows it. */
export interface HarCheck {
  /** Stable, kebab-case, begins with `har-`. */
  readonly id: string
  /** What a good app does, as a statement. */
  readonly title: string
  readonly severity: Severity
  readonly sources: readonly Source[]
  readonly sets: readonly AuditSet[]
  /** What of the recording is looked at, in one sentence. */
  readonly reads: string
  /** Why it matters, in two sentences that need no knowledge of OAuth. */
  readonly why: string
  readonly repair: string
  /** What a recorder may have left out, without which nothing passes. */
  readonly needs?: 'headers' | 'bodies'
  judge(traffic: Traffic): Verdict
}

export interface Finding {
  readonly result: 'fail' | 'warning' | 'inconclusive'
  /** A sentence without secrets. */
  readonly text: string
}

export const failure = (text: string): Finding => ({ result: 'fail', text })
export const remark = (text: string): Finding => ({ result: 'warning', text })
export const unclear = (text: string): Finding => ({ result: 'inconclusive', text })

const MAX_TEXTS = 3

/** The verdict of the worst findings: at most three of them in words. `otherwise`: where there are none. */
export function verdictOf(findings: readonly Finding[], otherwise: Verdict): Verdict {
  const result = (['fail', 'warning', 'inconclusive'] as const).find((kind) =>
    findings.some((finding) => finding.result === kind),
  )
  if (!result) return otherwise
  const texts = [...new Set(findings.filter((finding) => finding.result === result).map(({ text }) => text))]
  const more = texts.length - MAX_TEXTS
  return {
    result,
    observed: [...texts.slice(0, MAX_TEXTS), ...(more > 0 ? [`And ${more} more like these.`] : [])].join(' '),
  }
}

/** `1 request`, `2 requests`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
