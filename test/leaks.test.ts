// @vitest-environment happy-dom
import { inspect } from 'node:util'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkIdTokenSignature, createClient, redirect } from '../src/index.js'
import { goTo } from './helpers/page.js'
import { createServer, type Faults } from './helpers/server.js'

const redirectUri = 'https://app.example/callback'
const echo = (body: URLSearchParams) => `${body} ${[...body.values()].join(' ')}`

/** Every way a sign-in can end, as a fault of the server or a change of the callback. */
const endings: Record<string, { faults?: Faults; change?: (callback: URL) => void; times?: number }> = {
  success: {},
  'a second use': { times: 2 },
  'a wrong issuer': { change: (url) => url.searchParams.set('iss', 'https://evil.example') },
  'a missing issuer': { change: (url) => url.searchParams.delete('iss') },
  'a changed state': { change: (url) => url.searchParams.set('state', `${url.searchParams.get('state')}x`) },
  'a doubled code': { change: (url) => url.searchParams.append('code', 'x') },
  'a token in the URL': { change: (url) => url.searchParams.set('id_token', 'x') },
  'another path': {
    change: (url) => {
      url.pathname = '/other'
    },
  },
  'access_denied echoing the request': {
    change: (url) => {
      url.searchParams.set('error', 'access_denied')
      url.searchParams.set('error_description', url.search)
    },
  },
  'invalid_grant echoing the request': {
    faults: {
      respond: (body) => Response.json({ error: 'invalid_grant', error_description: echo(body) }, { status: 400 }),
    },
  },
  'a server error echoing the request': { faults: { respond: (body) => new Response(echo(body), { status: 500 }) } },
  'a text answer echoing the request': { faults: { respond: (body) => new Response(echo(body)) } },
  'a network error that carries the request': {
    faults: {
      respond: (body) => {
        throw Object.assign(new TypeError('Failed to fetch'), { request: echo(body), config: { body } })
      },
    },
  },
  'no access token': { faults: { token: { access_token: undefined } } },
  'a foreign token_type': { faults: { token: { token_type: 'mac' } } },
  'a token that is no JWT': { faults: { token: { id_token: 'no-jwt' } } },
  'a wrong nonce': { faults: { claims: { nonce: 'other' } } },
  'a wrong audience': { faults: { claims: { aud: 'other' } } },
  'an expired ID token': { faults: { claims: { exp: 1 } } },
  'alg none': { faults: { header: { alg: 'none' } } },
  'a forged signature': { faults: { forged: true } },
  'a wrong at_hash': { faults: { claims: { at_hash: 'x' } } },
}

const said: unknown[][] = []

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  said.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...words) => void said.push(words))
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('no error, event or console call holds a secret, ending in', () => {
  it.each(Object.entries(endings))('%s', async (name, { faults, change, times = 1 }) => {
    const server = createServer(faults)
    let authorizationUrl: URL | undefined
    const open = () => {
      const client = createClient({
        issuer: server.issuer,
        clientId: 'spa',
        redirectUri,
        scope: 'openid',
        fetch: server.fetch,
        signature: checkIdTokenSignature,
        userAgent: redirect({ navigate: (url) => (authorizationUrl = new URL(url)) }),
      })
      client.subscribe((event) => said.push([event]))
      return client
    }
    goTo('https://app.example/')
    open().signIn()
    await vi.waitUntil(() => authorizationUrl)
    const callback = server.authorize(authorizationUrl!)
    change?.(callback)

    let failures = 0
    for (let time = 0; time < times; time++) {
      goTo(callback)
      await open()
        .handleCallback()
        .catch((error) => {
          failures++
          said.push([error, JSON.stringify(error), String(error), error.stack])
        })
    }
    expect(failures).toBe(name === 'success' ? 0 : 1)

    const asked = authorizationUrl!.searchParams
    const secrets = [
      ...server.issued,
      ...server.requests.flatMap(({ body }) => [body.get('code'), body.get('code_verifier')]),
      asked.get('state'),
      asked.get('nonce'),
    ].filter((secret): secret is string => !!secret && secret.length > 3)
    expect(secrets.length).toBeGreaterThanOrEqual(3)
    const everything = inspect(said, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null })
    for (const secret of secrets) expect(everything).not.toContain(secret)
    expect(everything).toContain('sign_in_started')
  })
})
