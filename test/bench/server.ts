/**
 * Compares proofkey's server client with openid-client and iron-session by hand: the same requests, the same token
 * responses, one process, one run, in rotating order. Prints a report; fails only when somebody is not signed in.
 *
 * `npm run bench:server -- [--rounds 150] [--people 20] [--sign-ins 100000] [--sessions 60] [--expired 1000]
 * [--requests 1000000] [--forwards 15]`
 * --people: sign-ins in a round; --sign-ins: over how many the heap is watched; --sessions: rounds of `session(request)`
 * against iron-session; --expired: how many sessions expire on two processes; --requests: over how many requests with a
 * session the heap is watched; --forwards: rounds of `forward` against undici.pipeline. 0 leaves a part out
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { expireOnTwoProcesses } from '../helpers/two-processes.js'
import { createAuthorizationServer } from './server/authorization-server.js'
import { create as byHand } from './server/by-hand.js'
import type { Contestant } from './server/contract.js'
import { described, recordCalls, replay } from './server/floor.js'
import { raceForward } from './server/forward.js'
import { type HeapSize, heapInChild, heapOver } from './server/heap.js'
import { withMemoryVault, withSealedCookie } from './server/proofkey.js'
import { SESSION_HEAPS, sessionHeapOver } from './server/session-heap.js'
import { raceSessionRequests } from './server/session-requests.js'
import { REDIRECT_URI, signInMany, type Timed } from './server/sign-ins.js'
import { median, quantile } from './statistics.js'
import { type Row, textTable } from './table.js'

const CONTESTANTS = {
  'proofkey, sealedCookie': withSealedCookie,
  'proofkey, memoryVault': withMemoryVault,
  'openid-client + iron-session': byHand,
}
type Name = keyof typeof CONTESTANTS
const NAMES = Object.keys(CONTESTANTS) as Name[]
const OWN: Name = 'proofkey, sealedCookie'
const HEAPS = ['proofkey, sealedCookie', 'proofkey, memoryVault'] as const
const WARM_UP_ROUNDS = 30
const MANY = 10

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '150' },
    sessions: { type: 'string', default: '60' },
    expired: { type: 'string', default: '1000' },
    requests: { type: 'string', default: '1000000' },
    people: { type: 'string', default: '20' },
    'sign-ins': { type: 'string', default: '100000' },
    forwards: { type: 'string', default: '15' },
    heap: { type: 'string' },
  },
})
const [rounds, people, signIns] = [wholeNumber('rounds', 0), wholeNumber('people', 1), wholeNumber('sign-ins', 0, 200)]
const [forwards, sessions] = [wholeNumber('forwards', 0), wholeNumber('sessions', 0)]
const [expired, requests] = [wholeNumber('expired', 0), wholeNumber('requests', 0, 4)]
const setup = { clientId: 'web', clientSecret: 's3cret', redirectUri: REDIRECT_URI, scope: 'openid profile' }

function wholeNumber(name: Exclude<keyof typeof options, 'heap'>, least: number, step = 1): number {
  const number = Number(options[name])
  if (Number.isInteger(number) && number >= least && number % step === 0) return number
  throw new Error(`--${name} takes a whole number from ${least}${step > 1 ? ` in steps of ${step}` : ''}`)
}

/** A round of one contestant: one request at a time, many at once, and its cryptography alone. */
interface Round {
  readonly single: Timed
  readonly many: Timed
  readonly floorMs: number
}

async function race() {
  const server = await createAuthorizationServer(setup.clientId)
  const contestants = new Map<Name, Contestant>()
  for (const name of NAMES) contestants.set(name, CONTESTANTS[name]({ ...setup, ...server }))
  const calls = new Map<Name, Awaited<ReturnType<typeof recordCalls>>>()
  const samples = new Map<Name, Round[]>(NAMES.map((name) => [name, []]))
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (let turn = 0; turn < NAMES.length; turn++) {
      const name = NAMES[(Math.abs(round) + turn) % NAMES.length]!
      const contestant = contestants.get(name)!
      if (!calls.has(name)) calls.set(name, await callsOf(contestant, server))
      const single = await signInMany(contestant, server, people)
      const many = await signInMany(contestant, server, people, MANY)
      const floorMs = await replay(calls.get(name)!, people)
      if (round >= 0) samples.get(name)!.push({ single, many, floorMs })
    }
  }
  return { calls, samples }
}

/** The server's own signature is left out. */
async function callsOf(contestant: Contestant, server: Awaited<ReturnType<typeof createAuthorizationServer>>) {
  // What is loaded once, such as an imported key, is no part of a sign-in.
  await signInMany(contestant, server, 1)
  const calls = await recordCalls(() => signInMany(contestant, server, 1))
  return calls.filter(({ method, parameters }) => !(method === 'sign' && Object(parameters[0]).name === 'ECDSA'))
}

async function report() {
  const { calls, samples } = await race()
  const row = (label: string, value: (round: Round) => number, format: (value: number) => string): Row => {
    const all = (name: Name) => samples.get(name)!.map(value)
    // Round by round, since what else the machine does changes between them.
    const ratio = (name: Name) => median(all(name).map((sample, round) => sample / all(OWN)[round]!))
    return [label, ...NAMES.map((name) => `${format(median(all(name)))} (${ratio(name).toFixed(2)}×)`)]
  }
  const total = ({ signInMs, callbackMs }: Timed) => signInMs + callbackMs
  const perSecond = (value: number) => `${Math.round(value)}/s`
  const micro = (value: number) => `${Math.round(value * 1000)} µs`
  const each = (value: number) => value / people
  const spread = (name: Name) => {
    const all = samples.get(name)!.map(({ single }) => each(total(single)) * 1000)
    return `${[0.25, 0.75].map((part) => Math.round(quantile(all, part))).join(' – ')} µs`
  }
  const table: Row[] = [
    ['', ...NAMES],
    row('sign-ins, one at a time', ({ single }) => 1000 / each(total(single)), perSecond),
    row(`sign-ins, ${MANY} in flight`, ({ many }) => 1000 / each(total(many)), perSecond),
    row('signIn()', ({ single }) => each(single.signInMs), micro),
    row('handleCallback()', ({ single }) => each(single.callbackMs), micro),
    row('both', ({ single }) => each(total(single)), micro),
    ['both, middle half of the samples', ...NAMES.map(spread)],
    row('both, processor time', ({ single }) => each(single.processorMs), micro),
    row('its WebCrypto operations alone', ({ floorMs }) => floorMs, micro),
    row('beside them', ({ single, floorMs }) => each(total(single)) - floorMs, micro),
    ['WebCrypto operations', ...NAMES.map((name) => `${calls.get(name)!.length}`)],
  ]
  console.log(`${textTable(table)}\n`)
  for (const name of NAMES) console.log(`${name}: ${described(calls.get(name)!)}`)
  console.log(
    `\nMedians of ${rounds} rounds of ${people} sign-ins, Node ${process.versions.node}; in brackets the median ratio to ${OWN}.`,
  )
}

async function reportHeap() {
  const script = fileURLToPath(import.meta.url)
  const heaps = await Promise.all(
    HEAPS.map((name) => heapInChild<HeapSize[]>(script, ['--heap', name, '--sign-ins', `${signIns}`])),
  )
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`
  const rows = heaps[0]!.map(
    ({ signIns }, step): Row => [`${signIns}`, ...heaps.map((sizes) => mb(sizes[step]!.bytes))],
  )
  console.log(`\n${textTable([['heap after garbage collection, after sign-ins', ...HEAPS], ...rows])}`)
}

async function reportSessionHeap() {
  const script = fileURLToPath(import.meta.url)
  const heaps = await Promise.all(
    SESSION_HEAPS.map((name) => heapInChild<number[]>(script, ['--heap', name, '--requests', `${requests}`])),
  )
  const rows = heaps[0]!.map(
    (_, step): Row => [
      `${(step * requests) / (heaps[0]!.length - 1)}`,
      ...heaps.map((sizes) => `${(sizes[step]! / 1e6).toFixed(2)} MB`),
    ],
  )
  console.log(`\n${textTable([['heap, after requests of 1000 sessions', ...SESSION_HEAPS], ...rows])}`)
}

async function reportExpired() {
  const { refreshes, ms } = await expireOnTwoProcesses(expired)
  console.log(
    `\n${expired} expired sessions, each requested on two processes at once: ${refreshes} refresh requests, ${Math.round(ms)} ms`,
  )
}

const heap = HEAPS.find((name) => name === options.heap)
const sessionHeap = SESSION_HEAPS.find((name) => name === options.heap)
if (heap) {
  console.log(JSON.stringify(await heapOver(signIns, CONTESTANTS[heap], setup)))
} else if (sessionHeap) {
  console.log(JSON.stringify(await sessionHeapOver(requests, sessionHeap)))
} else {
  if (rounds) await report()
  if (signIns) await reportHeap()
  if (sessions) await raceSessionRequests(sessions)
  if (expired) await reportExpired()
  if (requests) await reportSessionHeap()
  if (forwards) await raceForward(forwards)
}
