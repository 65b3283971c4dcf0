import type { ProofkeyEvent } from '../../../src/index.js'
import { issuer } from './client.js'
import { factList, h } from './dom.js'
import { kept } from './kept.js'
import type { Exchange } from './recording-fetch.js'
import { place } from './records.js'
import { shown } from './redact.js'

/** One step of a sign-in, fit to be stored in the clear: values are cut before they get here. */
interface Step {
  readonly atMs: number
  readonly title: string
  readonly note: string
  readonly facts: readonly (readonly [name: string, value: string])[]
}

const steps = kept<readonly Step[]>('steps', [])

function add(title: string, note: string, facts: Step['facts'] = []): void {
  steps.set([...steps.get(), { atMs: Date.now(), title, note, facts }])
}

export const forgetSteps = (): void => steps.set([])
export const hasSteps = (): boolean => steps.get().length > 0

const parameters = (url: URL): Step['facts'] =>
  [...url.searchParams].map(([name, value]) => [name, shown(name, value)] as const)

export function recordExchange({ request, status, sent, received }: Exchange): void {
  const answer = received.map(([name, value]) => [`← ${name}`, value] as const)
  if (request.includes('/.well-known/')) {
    add('Asked the server what it offers', 'The only request before you leave. The answer is kept for an hour.', [
      ['Request', `${request} → ${status}`],
      ...answer,
    ])
  } else {
    add('Redeemed the code', 'The verifier leaves this browser here, for the first and only time, to its own server.', [
      ['Request', `${request} → ${status}`],
      ...sent,
      ...answer,
    ])
  }
}

export function recordDeparture(url: string): void {
  const target = new URL(url)
  add('Wrote the authorization request', 'The server gets a digest of the verifier, not the verifier.', [
    ['Goes to', target.origin + target.pathname],
    ...parameters(target),
  ])
}

export function recordReturn(url: string): void {
  const landed = new URL(url)
  add(
    'Came back from the server',
    'The code alone is worth nothing. It left the address bar before anything else ran.',
    [['Landed on', landed.origin + landed.pathname], ...parameters(landed)],
  )
}

/** What an event adds to the log. The others say what the requests and the URLs have said already. */
export function recordEvent(event: ProofkeyEvent): void {
  if (event.type === 'transaction_stored') {
    add(
      'Sealed the verifier, and put it away',
      'Sealed with it: nonce, redirect URI and the server’s endpoints. Written, read back and opened once, to be sure that it can be.',
      [
        ['Kept in', place],
        ['Lock, first half', 'a key made for this sign-in, in the record, not extractable'],
        ['Lock, second half', 'state, which travels in URLs only'],
      ],
    )
  } else if (event.type === 'transaction_taken') {
    add('Took the record out', 'Once, and for good: key and ciphertext are deleted in the same transaction.', [
      ['Left in storage', 'the owner, so that a second try is known as one'],
    ])
  } else if (event.type === 'transaction_restored') {
    add('Put the record back', 'The server did not answer. Nothing is lost: the same callback can be tried again.')
  } else if (event.type === 'sign_in_completed') {
    add('Checked the ID token', 'Issuer, audience, times and nonce are those of this very sign-in.', [
      ['Tokens', 'in this page’s memory, and nowhere else'],
    ])
  } else if (event.type === 'sign_in_failed') {
    add('Refused', 'The sign-in ended here.', [['Code', event.code]])
  }
}

/** What happened so far, in order. */
export function stepList(): HTMLElement {
  const all = steps.get()
  if (!all.length) {
    return h('p', { class: 'empty' }, `Nothing yet. Sign in at ${issuer}, and every step is written down here.`)
  }
  return h(
    'ol',
    { class: 'steps', 'data-testid': 'steps' },
    ...all.map(({ atMs, title, note, facts }) =>
      h(
        'li',
        {},
        h('h3', {}, title, ' ', h('time', {}, elapsed(atMs - all[0]!.atMs))),
        h('p', {}, note),
        ...(facts.length ? [factList(facts)] : []),
      ),
    ),
  )
}

const elapsed = (ms: number) => (ms < 1000 ? `+${ms} ms` : `+${(ms / 1000).toFixed(1)} s`)
