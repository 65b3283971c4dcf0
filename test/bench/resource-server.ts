/**
 * Compares createResourceServer with jose.jwtVerify by hand: the same requests, one process, one run, in rotating order. The
 * keys are at hand for both: no request is sent. Prints a report; fails only when a request is not authorized.
 *
 * `npm run bench:resource-server -- [--rounds 60] [--requests 200]`
 */
import { parseArgs } from 'node:util'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { createResourceServer, memoryReplayCache } from '../../src/resource-server.js'
import { API_URL, boundTo, createTokenServer, ISSUER, proofFor, requestWith } from '../helpers/api-tokens.js'
import { createSigner } from '../helpers/signer.js'
import { median } from './statistics.js'
import { type Row, textTable } from './table.js'

const WARM_UP_ROUNDS = 10
const IN_FLIGHT = 10
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '60' }, requests: { type: 'string', default: '200' } },
})
const [rounds, requests] = [wholeNumber(values.rounds), wholeNumber(values.requests)]

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new Error('--rounds and --requests take a whole number from 1')
}

interface Contestant {
  readonly name: string
  /** Made anew for each round: a proof is good once. */
  prepare(): Request[]
  authorize(request: Request): Promise<unknown>
}

function contestantsFor(alg: string): Contestant[] {
  const server = createTokenServer(ISSUER, createSigner(alg, 'k1'))
  const issuer = { issuer: ISSUER, audience: API_URL, fetch: server.fetch }
  const api = createResourceServer(issuer)
  const keys = createLocalJWKSet({ keys: server.keys } as Parameters<typeof createLocalJWKSet>[0])
  const bearers = Array.from({ length: requests }, () => requestWith({ authorization: `Bearer ${server.token()}` }))
  const options = {
    issuer: ISSUER,
    audience: API_URL,
    typ: 'at+jwt',
    algorithms: [alg],
    clockTolerance: 30,
    requiredClaims: ['sub', 'client_id', 'jti', 'iat', 'exp'],
  }
  return [
    { name: `proofkey, bearer ${alg}`, prepare: () => bearers, authorize: (request) => api.authorize(request) },
    {
      name: `jose by hand, bearer ${alg}`,
      prepare: () => bearers,
      async authorize(request) {
        const [, token = ''] = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
        const { payload } = await jwtVerify(token, keys, options)
        if (!String(payload['scope']).split(' ').includes('orders:read')) throw new Error('scope')
      },
    },
  ]
}

function withProofs(): Contestant {
  const server = createTokenServer()
  const replayCache = memoryReplayCache({ maxEntries: 1_000_000 })
  const api = createResourceServer({ issuer: ISSUER, audience: API_URL, fetch: server.fetch, dpop: { replayCache } })
  const token = server.token({ ...boundTo(), exp: Date.now() })
  return {
    name: 'proofkey, DPoP (token and proof ES256)',
    prepare: () =>
      Array.from({ length: requests }, () => requestWith({ authorization: `DPoP ${token}`, dpop: proofFor(token) })),
    authorize: (request) => api.authorize(request),
  }
}

/** @returns milliseconds for one request */
async function timed({ prepare, authorize }: Contestant, inFlight: number): Promise<number> {
  const waiting = prepare().values()
  const work = async () => {
    for (const request of waiting) await authorize(request)
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: inFlight }, work))
  return (performance.now() - start) / requests
}

async function race(contestants: readonly Contestant[]) {
  const samples = new Map(contestants.map(({ name }) => [name, { single: [] as number[], many: [] as number[] }]))
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(Math.abs(round) + turn) % contestants.length]!
      const [single, many] = [await timed(contestant, 1), await timed(contestant, IN_FLIGHT)]
      if (round < 0) continue
      samples.get(contestant.name)?.single.push(single)
      samples.get(contestant.name)?.many.push(many)
    }
  }
  return samples
}

const samples = await race([...contestantsFor('ES256'), ...contestantsFor('RS256'), withProofs()])
const perSecond = (milliseconds: readonly number[]) => `${Math.round(1000 / median([...milliseconds]))}/s`
/** Round by round, since what else the machine does changes between them. */
const ratio = (name: string, which: 'single' | 'many') => {
  const own = samples.get(name.replace(/^jose by hand/, 'proofkey'))?.[which] ?? []
  const theirs = samples.get(name)?.[which] ?? []
  return name.startsWith('jose') ? ` (proofkey ${median(theirs.map((time, at) => time / own[at]!)).toFixed(2)}×)` : ''
}
const rows = [...samples].map(
  ([name, { single, many }]): Row => [
    name,
    perSecond(single) + ratio(name, 'single'),
    perSecond(many) + ratio(name, 'many'),
  ],
)
console.log(textTable([['requests authorized', 'one at a time', `${IN_FLIGHT} in flight`], ...rows]))
console.log(`\nMedians of ${rounds} rounds of ${requests} requests, Node ${process.versions.node}.`)
