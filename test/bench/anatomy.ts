import { TITLES } from './comparison.js'
import { type ContestantName, forEach, NAMES } from './contestants/index.js'
import type { Measured } from './page/harness.js'
import type { Share } from './page/trace.js'
import { measuredIn, type Results, type Timed } from './results.js'
import { mean } from './statistics.js'
import type { Row } from './table.js'

/** Where a measured stretch goes: the mean of the middle half of the samples, whose parts add up to its whole. */
export function anatomy({ traced }: Results, what: Timed): Row[] {
  const measured = forEach((name) => middleHalf(measuredIn(traced[name], what)))
  const labels = new Set(NAMES.flatMap((name) => measured[name].flatMap(({ shares }) => shares.map(label))))
  const cell = (name: ContestantName, wanted: string) => {
    const found = measured[name].map(({ shares }) => shares.find((share) => label(share) === wanted))
    if (!found.some(Boolean)) return '–'
    const count = Math.max(...found.map((share) => share?.count ?? 0))
    const average = mean(found.map((share) => share?.ms ?? 0)).toFixed(2)
    return count > 1 ? `${average} (${count})` : average
  }
  return [
    [`${what}: mean ms (calls)`, ...TITLES],
    ...[...labels].sort().map((wanted) => [wanted, ...NAMES.map((name) => cell(name, wanted))]),
    ['all', ...NAMES.map((name) => mean(measured[name].map(({ ms }) => ms)).toFixed(2))],
  ]
}

const label = ({ kind, label }: Share): string => `${kind} ${label}`.trim()

function middleHalf(measured: readonly Measured[]): Measured[] {
  const quarter = Math.floor(measured.length / 4)
  return [...measured].sort((a, b) => a.ms - b.ms).slice(quarter, measured.length - quarter)
}
