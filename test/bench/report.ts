import type { Bundle } from './bundle.js'
import { CONTESTANTS, type ContestantName, forEach, NAMES } from './contestants/index.js'
import type { StoreSize } from './page/abandoned.js'
import type { Measured } from './page/harness.js'
import type { Requests } from './provider.js'
import { mean, median, quantile } from './statistics.js'
import { markdownTable, type Row, textTable } from './table.js'
import type { Visit } from './visit.js'

export interface Results {
  readonly conditions: {
    readonly rounds: number
    readonly latencyMs: number
    readonly chromium: string
    readonly libraries: string
  }
  readonly bundles: Record<ContestantName, Bundle>
  readonly visits: Record<ContestantName, readonly Visit[]>
  /** Like `visits`, with the page's operations recorded; kept apart because recording costs time. */
  readonly traced: Record<ContestantName, readonly Visit[]>
  readonly client: { readonly whole: Bundle; readonly own: Bundle }
  readonly protocol: { readonly whole: Bundle; readonly own: Bundle }
  readonly abandoned: { readonly signIns: number; readonly store: StoreSize }
}

const TIMED = {
  'signIn() → navigation, first visit': (visit: Visit) => [visit.cold],
  'signIn() → navigation, metadata preloaded': (visit: Visit) => [visit.preloaded],
  'signIn() → navigation, warm': (visit: Visit) => visit.warm,
  'callback → tokens': (visit: Visit) => [visit.callback],
} as const

const milliseconds = (measured: readonly Measured[]): number[] => measured.map(({ ms }) => ms)
const kB = (bytes: number) => `${(bytes / 1000).toFixed(2)} kB`
const ms = (value: number) => `${value.toFixed(1)} ms`

/** The comparison: one column for each contestant, ratios against proofkey. */
function comparison({ bundles, visits }: Results): Row[] {
  const row = (label: string, value: (name: ContestantName) => number, format: (value: number) => string): Row => {
    const own = value('proofkey')
    return [label, ...NAMES.map((name) => `${format(value(name))} (${(value(name) / own).toFixed(2)}×)`)]
  }
  const plain = (label: string, cell: (visit: Visit) => string): Row => [
    label,
    ...NAMES.map((name) => [...new Set(visits[name].map(cell))].join(' or ')),
  ]
  return [
    ['', ...NAMES.map((name) => CONTESTANTS[name].title)],
    row('minified', (name) => bundles[name].minifiedBytes, kB),
    row('minified, gzip -9', (name) => bundles[name].gzipBytes, kB),
    ...Object.entries(TIMED).map(([label, pick]) =>
      row(label, (name) => median(milliseconds(visits[name].flatMap(pick))), ms),
    ),
    plain('requests: sign-in, first visit', ({ requests }) => described(requests.cold)),
    plain('requests: sign-in, warm', ({ requests }) => described(requests.warm)),
    plain('requests: callback', ({ requests }) => described(requests.callback)),
    plain('verifier kept in plain text in', (visit) => visit.plainVerifierIn || 'nowhere'),
  ]
}

function described(requests: Requests): string {
  return (
    Object.entries(requests)
      .map(([type, count]) => `${count} ${type}`)
      .join(' + ') || '0'
  )
}

/** How far the middle half of the samples spreads. */
function spread({ visits }: Results): Row[] {
  return [
    ['middle half of the samples, ms', ...NAMES.map((name) => CONTESTANTS[name].title)],
    ...Object.entries(TIMED).map(([label, pick]) => [
      label,
      ...NAMES.map((name) => {
        const samples = milliseconds(visits[name].flatMap(pick))
        return `${quantile(samples, 0.25).toFixed(1)} – ${quantile(samples, 0.75).toFixed(1)}`
      }),
    ]),
  ]
}

function middleHalf(measured: readonly Measured[]): Measured[] {
  const quarter = Math.floor(measured.length / 4)
  return [...measured].sort((a, b) => a.ms - b.ms).slice(quarter, measured.length - quarter)
}

/** Where a measured stretch goes, by kind and by operation: the mean of the middle half, whose parts add up to its whole. */
function anatomy(title: string, { traced }: Results, pick: (visit: Visit) => readonly Measured[]): Row[] {
  const measured = forEach((name) => middleHalf(traced[name].flatMap(pick)))
  const label = (kind: string, operation: string) => `${kind} ${operation}`.trim()
  const labels = new Set(
    NAMES.flatMap((name) => measured[name].flatMap(({ shares }) => shares.map((s) => label(s.kind, s.label)))),
  )
  const cell = (name: ContestantName, wanted: string) => {
    const shares = measured[name].map((m) => m.shares.find((s) => label(s.kind, s.label) === wanted))
    const count = Math.max(...shares.map((share) => share?.count ?? 0))
    const average = mean(shares.map((share) => share?.ms ?? 0))
    if (!shares.some(Boolean)) return '–'
    return `${average.toFixed(2)}${count > 1 ? ` (${count})` : ''}`
  }
  return [
    [`${title}, mean ms (calls)`, ...NAMES.map((name) => CONTESTANTS[name].title)],
    ...[...labels].sort().map((wanted) => [wanted, ...NAMES.map((name) => cell(name, wanted))]),
    ['all', ...NAMES.map((name) => mean(milliseconds(measured[name])).toFixed(2))],
  ]
}

/** The figures that proofkey set itself, each with the number of this run. */
function figures({ visits, client, protocol, abandoned }: Results): string[] {
  const time = (name: ContestantName, label: keyof typeof TIMED) =>
    median(milliseconds(visits[name].flatMap<Measured>(TIMED[label])))
  const most = (pick: (visit: Visit) => Requests) =>
    Math.max(...visits.proofkey.map((visit) => Object.values(pick(visit)).reduce((sum, count) => sum + count, 0)))
  const figure = (reached: boolean, what: string, got: string) => `${reached ? 'reached' : 'MISSED '}  ${what}: ${got}`
  const size = (what: string, { whole, own }: Results['client'], limit: number) =>
    figure(
      whole.gzipBytes <= limit,
      `${what}, gzip -9, at most ${limit} B`,
      `${whole.gzipBytes} B, ${whole.gzipBytes - own.gzipBytes} of it oauth4webapi's`,
    )
  const warm = time('proofkey', 'signIn() → navigation, warm') - time('by-hand', 'signIn() → navigation, warm')
  const callback = time('proofkey', 'callback → tokens') / time('by-hand', 'callback → tokens')
  const warmRequests = most(({ requests }) => requests.warm)
  const callbackRequests = most(({ requests }) => requests.callback)
  const { records, largestBytes } = abandoned.store
  return [
    size('createClient', client, 9800),
    size('beginAuthorization and completeAuthorization', protocol, 8000),
    figure(warmRequests === 0, 'requests of a warm sign-in, 0', `${warmRequests}`),
    figure(callbackRequests <= 1, 'requests of a callback, at most 1', `${callbackRequests}`),
    figure(warm <= 6, 'warm sign-in, at most 6 ms over oauth4webapi by hand', `${warm < 0 ? '' : '+'}${ms(warm)}`),
    figure(callback <= 1, 'callback, at most 1.00 of oauth4webapi by hand', callback.toFixed(2)),
    figure(largestBytes <= 2000, 'stored record, at most 2000 B', `${largestBytes} B`),
    figure(records <= 100, `records after ${abandoned.signIns} abandoned sign-ins, at most 100`, `${records}`),
  ]
}

export function report(results: Results): string {
  return [
    textTable(comparison(results)),
    notes(results),
    textTable(spread(results)),
    textTable(anatomy('first visit', results, (visit) => [visit.cold])),
    textTable(anatomy('preloaded', results, (visit) => [visit.preloaded])),
    textTable(anatomy('warm sign-in', results, (visit) => visit.warm)),
    textTable(anatomy('callback', results, (visit) => [visit.callback])),
    figures(results).join('\n'),
  ].join('\n\n')
}

export const markdown = (results: Results): string => [markdownTable(comparison(results)), notes(results)].join('\n\n')

const notes = ({ conditions: { rounds, latencyMs, chromium, libraries } }: Results): string =>
  [
    `Medians of ${rounds} rounds, Chromium ${chromium}, ${libraries}.`,
    `Provider and browser on one machine, ${latencyMs ? `${latencyMs} ms added to each request` : 'no network between them'}.`,
    'A first visit creates proofkey’s database.',
    'keycloak-js runs through its oidcProvider option; for its sake the provider issues JWT access tokens and allows credentials in CORS.',
  ].join('\n')
