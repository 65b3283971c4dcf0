import type { Requests } from './provider.js'
import { medianOf, type Results, type Timed, type Visits } from './results.js'
import { HEADROOM, outgrown, recordedSizes } from './sizes.js'

const WARM_SIGN_IN_MS = 6
const CALLBACK_RATIO = 1
const RECORD_BYTES = 2000
const RECORDS = 100

/** The figures that proofkey has set itself, each with this run's number. */
export function figures({ visits, distant, conditions, sizes, abandoned }: Results): string[] {
  const recorded = recordedSizes()
  const large = outgrown(recorded, sizes)
  const extra = difference(visits, 'signIn() → navigation, warm')
  const near = ratio(visits, 'callback → tokens')
  const far = ratio(distant, 'callback → tokens')
  const warmRequests = Math.max(...visits.proofkey.map(({ requests }) => total(requests.warm)))
  const callbackRequests = Math.max(...visits.proofkey.map(({ requests }) => total(requests.callback)))
  const { largestBytes, records } = abandoned.store
  return [
    figure(
      !large.length,
      `bundles, gzip -9, at most ${HEADROOM * 100} % over what is recorded`,
      large.join('; ') || 'none is larger',
    ),
    figure(warmRequests === 0, 'requests of a warm sign-in, 0', `${warmRequests}`),
    figure(callbackRequests <= 1, 'requests of a callback, at most 1', `${callbackRequests}`),
    figure(
      extra <= WARM_SIGN_IN_MS,
      `warm sign-in, at most ${WARM_SIGN_IN_MS} ms over oauth4webapi by hand`,
      `${extra.toFixed(1)} ms`,
    ),
    figure(
      near <= CALLBACK_RATIO,
      `callback, at most ${CALLBACK_RATIO.toFixed(2)} of oauth4webapi by hand`,
      `${near.toFixed(2)}, and ${far.toFixed(2)} with a network of ${conditions.latencyMs} ms`,
    ),
    figure(largestBytes <= RECORD_BYTES, `stored record, at most ${RECORD_BYTES} B`, `${largestBytes} B`),
    figure(
      records <= RECORDS,
      `records after ${abandoned.signIns} abandoned sign-ins, at most ${RECORDS}`,
      `${records}`,
    ),
  ]
}

const figure = (reached: boolean, what: string, got: string) => `${reached ? 'reached' : 'MISSED '}  ${what}: ${got}`

const total = (requests: Requests) => Object.values(requests).reduce((sum, count) => sum + count, 0)

const difference = (visits: Visits, what: Timed) => medianOf(visits.proofkey, what) - medianOf(visits['by-hand'], what)

const ratio = (visits: Visits, what: Timed) => medianOf(visits.proofkey, what) / medianOf(visits['by-hand'], what)
