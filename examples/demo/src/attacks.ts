import { redirect } from '../../../src/index.js'
import type { Bench } from './attempts.js'
import { demoClient } from './client.js'
import { deleteRecord, readRecord, writeRecord } from './records.js'

/** What an attack starts from: a sign-in of its own whose callback nobody has handled yet. */
export interface Material {
  readonly callback: string
  /** The id of its record. */
  readonly id: string
}

export interface Attack {
  readonly title: string
  /** What the button does. */
  readonly deed: string
  /** Why the refusal matters. */
  readonly reason: string
  run(bench: Bench, material: Material): Promise<void>
}

export const attacks = {
  replay: {
    title: 'Replay the callback',
    deed: 'Finish a sign-in, then hand the same callback URL to a second client, as a Back button, a bookmark or a thief of the history would.',
    reason:
      'Callback URLs end up in histories and logs, so one that was used must be worth nothing, and the app must be able to tell.',
    async run(bench, { callback }) {
      await bench.callback('The callback, the first time', 'honest', callback)
      await bench.callback('The same URL again', 'attack', callback)
    },
  },
  state: {
    title: 'Tamper with state',
    deed: 'Change one character of state in the callback URL.',
    reason:
      'An attacker who plants a code of their own cannot know this sign-in’s state; without it nothing opens, and nothing that waits here is disturbed.',
    async run(bench, { callback }) {
      await bench.callback('One character changed', 'attack', withTamperedState(callback))
      await bench.callback('The URL as it came', 'honest', callback)
    },
  },
  issuer: {
    title: 'Drop iss',
    deed: 'Remove the server’s name from the callback URL.',
    reason:
      'An answer that does not name its server may come from another one that wants this one’s code: the mix-up attack of RFC 9207.',
    async run(bench, { callback, id }) {
      const record = await readRecord(id)
      const url = new URL(callback)
      url.searchParams.delete('iss')
      await bench.callback('Without iss', 'attack', url.href)
      // A refusal uses the record up; the honest try needs it once more.
      await writeRecord(id, record)
      await bench.callback('Its record put back, with iss', 'honest', callback)
    },
  },
  verifier: {
    title: 'Redeem the code without the verifier',
    deed: 'Post a fresh, unused code straight to the token endpoint, past proofkey: first with no verifier, then with a made-up one.',
    reason: 'This is the theft that PKCE is for: whoever catches the code on its way still cannot redeem it.',
    async run(bench, { callback }) {
      const url = new URL(callback)
      const stolen = { code: url.searchParams.get('code') ?? '', redirect_uri: url.origin + url.pathname }
      await bench.tokenRequest('The code, no verifier', stolen)
      await bench.tokenRequest('The code, a made-up verifier', { ...stolen, code_verifier: 'a'.repeat(43) })
      await bench.callback('The code, with the sealed verifier', 'honest', callback)
    },
  },
  record: {
    title: 'Move the record',
    deed: 'Copy another sign-in’s sealed record over the one that this callback will ask for.',
    reason:
      'Whoever can write to storage could otherwise swap one sign-in for another: a record opens under its own id and its own state only.',
    async run(bench, { callback, id }) {
      const own = await readRecord(id)
      const otherId = await beginAnother()
      await writeRecord(id, await readRecord(otherId))
      await bench.callback('With another sign-in’s record in its place', 'attack', callback)
      await writeRecord(id, own)
      await bench.callback('With its own record back', 'honest', callback)
      await deleteRecord(otherId)
    },
  },
} satisfies Record<string, Attack>

export type AttackName = keyof typeof attacks

/** A character in the random part: what precedes it is the expiry. */
function withTamperedState(callback: string): string {
  const url = new URL(callback)
  const state = url.searchParams.get('state') ?? ''
  const at = 20
  url.searchParams.set('state', state.slice(0, at) + (state[at] === 'A' ? 'B' : 'A') + state.slice(at + 1))
  return url.href
}

/** A second sign-in that never leaves the page. @returns its record's id */
function beginAnother(): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = demoClient(() => {})
    client.subscribe(({ type, transaction }) => {
      if (type === 'sign_in_started' && transaction) resolve(transaction)
    })
    client.signIn({ userAgent: redirect({ navigate: () => {} }) }).catch(reject)
  })
}
