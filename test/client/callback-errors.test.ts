// @vitest-environment happy-dom
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, it } from 'vitest'
import { errorWith, ProofkeyError } from '../../src/errors.js'
import { createClient, type ProofkeyEvent, type UserAgent } from '../../src/index.js'
import type { ErrorCode } from '../../src/protocol.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import { createServer, type Faults } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

const redirectUri = 'https://app.example/callback'
const GOAL = { returnTo: '/inbox', appState: { cart: ['secret thing'] } }

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  goTo('https://app.example/')
})

type Change = (callback: URL) => unknown
const events: ProofkeyEvent[] = []
beforeEach(() => void events.splice(0))

function open(server: ReturnType<typeof createServer>, userAgent?: UserAgent) {
  const { issuer, fetch } = server
  const client = createClient({ issuer, clientId: 'spa', redirectUri, scope: 'openid', fetch, userAgent })
  client.subscribe((event) => events.push(event))
  return client
}

/** A page at a callback that went wrong. */
async function inPage(faults: Faults, change: Change): Promise<() => Promise<unknown>> {
  const server = createServer(faults)
  const userAgent: UserAgent = {
    name: 'redirect',
    async open({ begin }) {
      const callback = await server.visit((await begin()).url)
      change(callback)
      goTo(callback)
    },
  }
  await open(server, userAgent).signIn(GOAL)
  return () => open(server).handleCallback()
}

/** A sign-in in a popup, or another user agent that keeps the page. */
async function inPopup(faults: Faults, change: Change): Promise<() => Promise<unknown>> {
  const server = createServer(faults)
  const userAgent = travelBy(async (url) => {
    const callback = await server.visit(url)
    change(callback)
    return callback
  })
  return () => open(server, userAgent).signIn(GOAL)
}

/** A state of the same form. */
const otherState = ({ searchParams }: URL) =>
  searchParams.set('state', `${searchParams.get('state')}`.replace(/^\d/, '9'))

const PLACES = { 'a page': inPage, 'a popup': inPopup }
const FAILURES: [ErrorCode, Faults, Change][] = [
  ['access_denied', {}, ({ searchParams }) => searchParams.set('error', 'access_denied')],
  ['callback_issuer_mismatch', {}, ({ searchParams }) => searchParams.set('iss', 'https://evil.example')],
  ['token_request_refused', {}, ({ searchParams }) => searchParams.set('code', 'x')],
  ['network_error', { respond: () => Promise.reject(new TypeError('Failed to fetch')) }, () => {}],
  ['id_token_invalid', { claims: { nonce: 'x' } }, () => {}],
]

describe.each(Object.entries(PLACES))('in %s, a callback that fails', (_, place) => {
  it.each(FAILURES)('says where the user was going: %s', async (code, faults, change) => {
    const error = await refusal(await place(faults, change), code)
    expect(error.returnTo).toBe(GOAL.returnTo)
    expect(error.appState).toEqual(GOAL.appState)
    expectHidden(error)
  })

  it('says nothing of it where there is no such sign-in', async () => {
    const error = await refusal(await place({}, otherState), 'unknown_state')
    expect('returnTo' in error || 'appState' in error).toBe(false)
  })
})

/** Neither in JSON nor in a copy of the properties nor in an event: an app may keep anything in its state. */
function expectHidden(error: ProofkeyError): void {
  for (const shown of [JSON.stringify(error), JSON.stringify({ ...error }), JSON.stringify(events), `${error.stack}`])
    expect(shown).not.toContain('secret thing')
  expect(Object.keys(error)).not.toContain('returnTo')
  expect(events.length).toBeGreaterThan(0)
}

it('a copy of the error keeps where the user was going, unless it says otherwise', () => {
  const error = new ProofkeyError('network_error', 'It failed.', undefined, { ...GOAL, retryable: true })
  const copy = errorWith(error, { retryable: false })
  expect(copy).toMatchObject({ retryable: false, ...GOAL })
  expect(errorWith(error, { returnTo: '/' }).returnTo).toBe('/')
  expect(Object.keys(copy)).toEqual(Object.keys(error))
})
