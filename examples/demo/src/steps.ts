import type { ProofkeyEvent } from '../../../src/index.js'
import { issuer } from './client.js'
import { factList, h } from './dom.js'
import { kept } from './kept.js'
import type { Exchange } from './recording-fetch.js'
import { place } from './records.js'
import { shown } from './redact.js'

type Facts = readonly (readonly [name: string, value: string])[]

/** One step of a sign-in, fit to be stored in the clear: values are cut before they get here. */
interface Step {
  readonly atMs: number
  readonly title: string
  readonly note: string
  readonly request?: Facts
  readonly answer?: Facts
  readonly kept?: Facts
}

const steps = kept<readonly Step[]>('steps', [])

function add(title: string, note: string, facts: Pick<Step, 'request' | 'answer' | 'kept'> = {}): void {
  steps.set([...steps.get(), { atMs: Date.now(), title, note, ...facts }])
}

export const forgetSteps = (): void => steps.clear()

export function recordExchange({ request, status, sent, received }: Exchange): void {
  const facts = { request: [['', request], ...sent], answer: [['status', String(status)], ...received] } as const
  if (request.includes('/.well-known/')) {
    add(
      'Asked the server what it offers',
      'The only request before you leave; a second sign-in of this page needs none.',
      facts,
    )
  } else {
    add('Redeemed the code', 'Here the verifier leaves this browser, once, for the server it was sealed with.', facts)
  }
}

export function recordDeparture(url: string): void {
  add('Wrote the authorization request', 'The server gets a digest of the verifier, not the verifier.', {
    request: withParameters('GET ', url),
  })
}

export function recordReturn(url: string): void {
  add('Came back from the server', 'The answer left the address bar before anything else ran.', {
    answer: withParameters('', url),
  })
}

function withParameters(method: string, href: string): Facts {
  const url = new URL(href)
  const parameters = [...url.searchParams].map(([name, value]) => [name, shown(name, value)] as const)
  return [['', method + url.origin + url.pathname], ...parameters]
}

/** What an event adds to the log. The others say what requests and URLs have said already. */
export function recordEvent(event: ProofkeyEvent): void {
  if (event.type === 'transaction_stored') {
    add('Sealed the verifier, and put it away', 'Written, read back and opened once, to be sure that it can be.', {
      kept: [
        ['What', 'verifier, nonce, redirect URI, the server’s endpoints'],
        ['Where', place],
        ['First half of the lock', 'a key made for this sign-in, in the record, not extractable'],
        ['Second half', 'state, which is not stored: it travels in URLs only'],
      ],
    })
  } else if (event.type === 'transaction_taken') {
    add('Took the record out', 'Once: key and ciphertext are deleted in the same transaction.', {
      kept: [['Left behind', 'the owner, so that a second try is known as one']],
    })
  } else if (event.type === 'transaction_restored') {
    add('Put the record back', 'The server did not answer. The same callback can be tried again.')
  } else if (event.type === 'sign_in_completed') {
    add('Checked the ID token', 'Issuer, audience, times and nonce are those of this sign-in.', {
      kept: [['Tokens', 'in this page’s memory, and nowhere else']],
    })
  } else if (event.type === 'sign_in_failed') {
    add('Did not finish', `The code is ${event.code}; what it means is said above.`)
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
    ...all.map(({ atMs, title, note, request, answer, kept }) =>
      h(
        'li',
        {},
        h('h3', {}, title, ' ', h('span', { class: 'elapsed' }, elapsed(atMs - all[0]!.atMs))),
        h('p', { class: 'note' }, note),
        ...group('Request', request, 'wire'),
        ...group('Answer', answer, 'wire'),
        ...group('Kept', kept, 'prose'),
      ),
    ),
  )
}

const group = (title: string, facts: Facts | undefined, kind: string) =>
  facts ? [h('div', { class: `group ${kind}` }, h('h4', {}, title), factList(facts))] : []

const elapsed = (ms: number) => (ms < 1000 ? `+${ms} ms` : `+${(ms / 1000).toFixed(1)} s`)
