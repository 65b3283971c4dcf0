// @vitest-environment happy-dom
import { inspect } from 'node:util'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createApiFetch,
  getUserInfo,
  memorySessions,
  type SessionClient,
  sealedSessions,
  stepUp,
} from '../../src/index.js'
import { createChannels } from '../helpers/channels.js'
import { goTo } from '../helpers/page.js'
import { API, type Faults } from '../helpers/server.js'
import { createSessionApp } from '../helpers/session-app.js'
import { tracesOf } from '../helpers/traces.js'

const BYE = 'https://app.example/bye'
const echo = (body: URLSearchParams) => `${body} ${[...body.values()].join(' ')}`
const isRefresh = (body: URLSearchParams) => body.has('refresh_token')
const tokenOf = (request: Request) => request.headers.get('authorization')?.slice(7) ?? ''
const challenge = (status: number, text: (token: string) => string): Faults => ({
  api: (request) => new Response(tokenOf(request), { status, headers: { 'www-authenticate': text(tokenOf(request)) } }),
})
/** The token as a hostile API may write it into a quoted text. */
const escaped = (token: string) => token.replace(/./g, '\\$&')

/** What may go wrong once somebody is signed in, each told by a party that says back whatever it was sent. */
const life: Record<string, Faults> = {
  'nothing wrong': {},
  'a refresh refused': {
    respond: (body) => Response.json({ error: 'invalid_grant', error_description: echo(body) }, { status: 400 }),
  },
  'a refresh refused by its error code': {
    respond: (body) => Response.json({ error: body.get('refresh_token') }, { status: 400 }),
  },
  'a server error': { respond: (body) => new Response(echo(body), { status: 500 }) },
  'too many requests': {
    respond: (body) => new Response(echo(body), { status: 429, headers: { 'retry-after': echo(body) } }),
  },
  'a text in the place of tokens': { respond: (body) => new Response(echo(body)) },
  'a network error that carries the request': {
    respond: (body) => {
      throw Object.assign(new TypeError(echo(body)), { request: echo(body), config: { body } })
    },
  },
  'an ID token of somebody else': { claims: { sub: 'bob' } },
  'an ID token of another server': { claims: { iss: 'https://evil.example' } },
  'a scope that is a token': {
    token: { scope: 'refresh-secret-in-a-scope access', refresh_token: 'refresh-secret-in-a-scope' },
  },
  'a foreign token_type': { token: { token_type: 'mac' } },
  'an API that refuses': challenge(401, (token) => `Bearer error="${token}", error_description="${token}"`),
  'an API that wants more scope': challenge(403, (token) => `Bearer error="insufficient_scope", scope="${token} x"`),
  'an API that wants more scope, escaped': challenge(
    403,
    (token) => `Bearer error="insufficient_scope", scope="${escaped(token)}"`,
  ),
  'an API whose error is the token': challenge(403, (token) => `Bearer error="insufficient_${token}"`),
  'an API that wants a stronger sign-in': challenge(
    401,
    (token) => `Bearer error="insufficient_user_authentication", acr_values="${token} ${escaped(token)}"`,
  ),
  'an API that cannot be reached': {
    api: (request) => {
      throw Object.assign(new TypeError('offline'), { name: 'NetworkError', status: request.method })
    },
  },
  'a revocation refused': { revoke: (body) => new Response(echo(body), { status: 400 }) },
  'a revocation that cannot be reached': {
    revoke: (body) => {
      throw new TypeError(echo(body))
    },
  },
}

const said: unknown[] = []
let channels: ReturnType<typeof createChannels>
const closing: SessionClient[] = []

beforeEach(() => {
  said.length = 0
  channels = createChannels()
  vi.stubGlobal('BroadcastChannel', channels.BroadcastChannel)
  globalThis.indexedDB = new IDBFactory()
  localStorage.clear()
  sessionStorage.clear()
  vi.useFakeTimers({ toFake: ['Date'] })
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
    vi.spyOn(console, method).mockImplementation((...words) => void said.push(words))
})
afterEach(() => {
  for (const client of closing.splice(0)) client.close()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** All that any script of the origin can read. */
async function storage(): Promise<unknown> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const databases: unknown[] = []
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const records = database.transaction(store).objectStore(store)
      databases.push(name, store, await done(records.getAllKeys()), await done(records.getAll()))
    }
    database.close()
  }
  return [
    databases,
    { ...localStorage },
    { ...sessionStorage },
    document.cookie,
    location.href,
    history.state,
    window.name,
  ]
}

const stores = { memory: memorySessions, sealed: sealedSessions }

describe.each(Object.keys(stores) as (keyof typeof stores)[])(
  'no token is seen, at any step, of a session in %s, with',
  (kind) => {
    it.each(Object.entries(life))('%s', async (name, faults) => {
      const left: string[] = []
      const app = createSessionApp(
        {},
        { stepUp, postLogoutRedirectUri: BYE, navigate: (url) => void left.push(url), timeoutSeconds: 5 },
      )
      let steps = 0
      /** Looks at everything after each step, so that nothing may lie somewhere for a while only. */
      const step = async (work: () => Promise<unknown>) => {
        steps++
        await work().catch((error) => said.push([error, JSON.stringify(error), String(error), error?.stack]))
        const secrets = [
          ...app.server.issued,
          ...app.server.requests.flatMap(({ body }) =>
            ['code', 'code_verifier', 'refresh_token'].map((one) => body.get(one)),
          ),
          faults.token?.['refresh_token'],
        ].filter((secret): secret is string => typeof secret === 'string' && secret.length > 12)
        const told = inspect([said, closing, closing.map(({ session }) => session)], {
          depth: null,
          showHidden: true,
          maxStringLength: null,
          maxArrayLength: null,
        })
        const seen = [told, channels.posted, await storage(), app.server.requests.map(({ url }) => url)]
        for (const secret of secrets) expect(tracesOf(secret, seen), `${secret} after step ${steps}`).toEqual([])
      }
      const tab = () => {
        const { auth } = app.tab({ sessionStore: stores[kind]() })
        auth.subscribe((event) => said.push(event))
        closing.push(auth)
        return auth
      }

      goTo('https://app.example/')
      const auth = tab()
      await step(() => auth.signIn())
      expect(app.server.issued.length).toBeGreaterThanOrEqual(4)
      const other = tab()
      await step(() => other.restore())
      await step(() => auth.getAccessToken({ resource: 'https://one.example' }))
      Object.assign(app.server.faults, faults, faults.respond && { respond: onlyRefresh(faults.respond, app.server) })
      await step(() => createApiFetch(auth)(`${API}/me`))
      await step(() => getUserInfo(auth))
      vi.setSystemTime(Date.now() + 3_590_000)
      await step(() => auth.getAccessToken())
      vi.setSystemTime(Date.now() + 20_000)
      await step(() => auth.getAccessToken())
      await step(() => createApiFetch(auth)(`${API}/me`))
      await step(() => other.getAccessToken())
      await step(() => auth.signIn({ scope: 'openid more' }))
      await step(() => other.signOut())
      await step(() => auth.signOut({ returnTo: '/hello' }))
      for (const url of left) {
        const { searchParams } = new URL(url)
        goTo(`${BYE}?state=${searchParams.get('state')}`)
        await step(() => auth.handleSignedOut())
      }
      await step(() => auth.getAccessToken())
      expect(said).toContainEqual(expect.objectContaining({ type: 'session_ended' }))
      if (name === 'nothing wrong') {
        expect(left.length).toBeGreaterThan(0)
        expect(said).toContainEqual(expect.objectContaining({ type: 'tokens_refreshed' }))
        expect(channels.posted.length).toBeGreaterThan(2)
      }
    })
  },
)

/** Answers refreshes only; sign-ins stay honest. */
function onlyRefresh(respond: NonNullable<Faults['respond']>, server: ReturnType<typeof createSessionApp>['server']) {
  return async (body: URLSearchParams): Promise<Response> => {
    if (isRefresh(body)) return respond(body)
    const { respond: own, ...others } = server.faults
    delete server.faults.respond
    try {
      return await server.fetch(server.metadata.token_endpoint, { body })
    } finally {
      Object.assign(server.faults, others, own && { respond: own })
    }
  }
}

it('would be seen: the sweep finds a token wherever it lies', async () => {
  const secret = 'access-0123456789-secret'
  localStorage.setItem('x', `{"token":"${secret}"}`)
  expect(tracesOf(secret, await storage())).toContain('plain')
  const channel = new channels.BroadcastChannel('x')
  channel.postMessage({ secret })
  expect(tracesOf(secret, channels.posted)).toContain('plain')
  expect(tracesOf(secret, inspect(new Error('x', { cause: { secret } }), { depth: null, showHidden: true }))).toContain(
    'plain',
  )
})
