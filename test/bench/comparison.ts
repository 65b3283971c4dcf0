import { CONTESTANTS, type ContestantName, NAMES } from './contestants/index.js'
import type { Requests } from './provider.js'
import { EVERY_TIMED, medianOf, milliseconds, type Results } from './results.js'
import { kB, type Size } from './sizes.js'
import { quantile } from './statistics.js'
import type { Row } from './table.js'
import type { Visit } from './visit.js'

export const TITLES = NAMES.map((name) => CONTESTANTS[name].title)

const ms = (value: number) => `${value.toFixed(1)} ms`

/** One cell for each contestant, with its ratio against proofkey. */
function row(label: string, value: (name: ContestantName) => number, format: (value: number) => string): Row {
  const own = value('proofkey')
  return [label, ...NAMES.map((name) => `${format(value(name))} (${(value(name) / own).toFixed(2)}×)`)]
}

export const sizeRows = (sizes: Readonly<Record<ContestantName, Size>>): Row[] => [
  row('minified', (name) => sizes[name].minifiedBytes, kB),
  row('minified, gzip -9', (name) => sizes[name].gzipBytes, kB),
]

export function comparison({ sizes, visits, distant, conditions }: Results): Row[] {
  const plain = (label: string, cell: (visit: Visit) => string): Row => [
    label,
    ...NAMES.map((name) => [...new Set(visits[name].map(cell))].join(' or ')),
  ]
  const away = `${conditions.latencyMs} ms network`
  return [
    ['', ...TITLES],
    ...sizeRows(sizes.contestants),
    ...EVERY_TIMED.map((what) => row(what, (name) => medianOf(visits[name], what), ms)),
    ...(['signIn() → navigation, first visit', 'callback → tokens'] as const).map((what) =>
      row(`${what}, ${away}`, (name) => medianOf(distant[name], what), ms),
    ),
    plain('requests: sign-in, first visit', ({ requests }) => described(requests.cold)),
    plain('requests: sign-in, warm', ({ requests }) => described(requests.warm)),
    plain('requests: callback', ({ requests }) => described(requests.callback)),
    plain('verifier kept in plain text in', (visit) => visit.plainVerifierIn || 'nowhere'),
  ]
}

function described(requests: Requests): string {
  const counts = Object.entries(requests).map(([type, count]) => `${count} ${type}`)
  return counts.join(' + ') || '0'
}

export const notes = ({ conditions: { rounds, latencyMs, chromium, libraries } }: Results): string =>
  [
    `Medians of ${rounds} rounds, Chromium ${chromium}, ${libraries}.`,
    `Provider and browser on one machine; the rows with a network have ${latencyMs} ms added to each request.`,
    'A first visit creates proofkey’s database.',
    'keycloak-js runs through its oidcProvider option; for it the provider issues JWT access tokens and allows credentials in CORS.',
  ].join('\n')

/** How far the middle half of the samples spreads. */
export function spread({ visits }: Results): Row[] {
  const range = (samples: readonly number[]) =>
    [0.25, 0.75].map((part) => quantile(samples, part).toFixed(1)).join(' – ')
  return [
    ['middle half of the samples, ms', ...TITLES],
    ...EVERY_TIMED.map((what) => [what, ...NAMES.map((name) => range(milliseconds(visits[name], what)))]),
  ]
}
