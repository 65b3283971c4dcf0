import type { ContestantName } from './contestants/index.js'
import type { StoreSize } from './page/abandoned.js'
import type { Measured } from './page/harness.js'
import type { Sizes } from './sizes.js'
import { median } from './statistics.js'
import type { Visit } from './visit.js'

export type Visits = Record<ContestantName, readonly Visit[]>

export interface Results {
  readonly conditions: {
    readonly rounds: number
    readonly latencyMs: number
    readonly chromium: string
    readonly libraries: string
  }
  readonly sizes: Sizes
  readonly visits: Visits
  /** Like `visits`, with a network's latency on every request. */
  readonly distant: Visits
  /** Like `visits`, with the page's operations recorded, which costs time of its own. */
  readonly traced: Visits
  readonly abandoned: { readonly signIns: number; readonly store: StoreSize }
}

/** What is timed, by its name in the tables. */
export const TIMED = {
  'signIn() → navigation, first visit': ({ cold }: Visit): readonly Measured[] => [cold],
  'signIn() → navigation, metadata preloaded': ({ preloaded }: Visit): readonly Measured[] => [preloaded],
  'signIn() → navigation, warm': ({ warm }: Visit): readonly Measured[] => warm,
  'callback → tokens': ({ callback }: Visit): readonly Measured[] => [callback],
} as const

export type Timed = keyof typeof TIMED
export const EVERY_TIMED = Object.keys(TIMED) as Timed[]

export const measuredIn = (visits: readonly Visit[], what: Timed): Measured[] => visits.flatMap(TIMED[what])

export const milliseconds = (visits: readonly Visit[], what: Timed): number[] =>
  measuredIn(visits, what).map(({ ms }) => ms)

export const medianOf = (visits: readonly Visit[], what: Timed): number => median(milliseconds(visits, what))
