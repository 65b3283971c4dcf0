// @vitest-environment happy-dom
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  allowEmbeddedWebView,
  checkIdTokenSignature,
  createClient,
  frame,
  popup,
  redirect,
  relayCallback,
  type SignInOptions,
} from '../src/index.js'
import { deepLink } from '../src/native.js'
import { browserChannel } from './helpers/channel.js'
import { goTo } from './helpers/page.js'
import { createServer, type Faults } from './helpers/server.js'
import { until } from './helpers/until.js'
import { hear, type OtherWindow, stubFrames, stubOpen } from './helpers/windows.js'
import { createWrapper } from './helpers/wrapper.js'

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
  'alg none': { faults: { joseHeader: { alg: 'none' } } },
  'a forged signature': { faults: { signedBy: 'foreign_key' } },
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
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** Holds everything that was said against every secret there was. */
function expectNoSecret({ issued, requests }: ReturnType<typeof createServer>, authorizationUrl: URL): void {
  const asked = authorizationUrl.searchParams
  const secrets = [
    ...issued,
    ...requests.flatMap(({ body }) => [body.get('code'), body.get('code_verifier')]),
    asked.get('state'),
    asked.get('nonce'),
  ].filter((secret): secret is string => !!secret && secret.length > 3)
  expect(secrets.length).toBeGreaterThanOrEqual(3)
  const everything = inspect(said, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null })
  for (const secret of secrets) expect(everything).not.toContain(secret)
  expect(everything).toContain('sign_in_started')
}

const sayError = (error: Error) => void said.push([error, JSON.stringify(error), String(error), error.stack])

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
    await until(() => authorizationUrl)
    const callback = await server.visit(authorizationUrl!)
    change?.(callback)

    let failures = 0
    for (let time = 0; time < times; time++) {
      goTo(callback)
      await open()
        .handleCallback()
        .catch((error) => {
          failures++
          sayError(error)
        })
    }
    expect(failures).toBe(name === 'success' ? 0 : 1)

    expectNoSecret(server, authorizationUrl!)
  })
})

/** What a user agent that keeps the page has to do with, at the moment when the person is at the server. */
interface Away {
  readonly server: ReturnType<typeof createServer>
  readonly answer: URL
  readonly shown: OtherWindow | undefined
  readonly wrapper: ReturnType<typeof createWrapper>
  readonly abort: AbortController
  signIn(): Promise<unknown>
  pass(ms: number): Promise<void>
}

const relay = async ({ answer, pass }: Away) => {
  goTo(answer)
  const relaying = relayCallback()
  await pass(600)
  await relaying
}
const refuse = (error: string) => (away: Away) => {
  away.answer.searchParams.set('error', error)
  away.answer.searchParams.set('error_description', away.answer.search)
  return relay(away)
}

/** Every way a sign-in can end that stays on the page, by the code of its failure. */
const journeys: Record<string, [agent: 'popup' | 'frame' | 'deep link', code: string, end: (away: Away) => unknown]> = {
  'a popup, taken': ['popup', 'success', relay],
  'a popup, refused': ['popup', 'access_denied', refuse('access_denied')],
  'a popup, without an answer': ['popup', 'timeout', ({ pass }) => pass(600_000)],
  'a popup, aborted': ['popup', 'aborted', ({ abort }) => abort.abort('enough')],
  'a popup, closed': [
    'popup',
    'cancelled',
    async ({ pass, shown }) => {
      await pass(1000)
      shown?.close()
      await pass(2000)
    },
  ],
  'a popup, whose callback page does not relay': [
    'popup',
    'callback_not_relayed',
    async ({ pass, shown, answer }) => {
      if (shown) shown.page = { url: answer.href, readyState: 'complete' }
      await pass(6000)
    },
  ],
  'a popup, and a second beside it': [
    'popup',
    'success',
    async (away) => {
      await away.signIn().catch(sayError)
      await relay(away)
    },
  ],
  'a popup, after forged messages': [
    'popup',
    'success',
    async (away) => {
      hear(away.answer.href, away.shown, 'https://evil.example')
      hear(away.answer.href, window)
      hear({ url: away.answer.href }, away.shown)
      await relay(away)
    },
  ],
  'a frame, taken': ['frame', 'success', relay],
  'a frame, blocked': ['frame', 'frame_blocked', refuse('login_required')],
  'a frame, refused': ['frame', 'consent_required', refuse('consent_required')],
  'a frame, without an answer': ['frame', 'timeout', ({ pass }) => pass(10_000)],
  'a link, taken': ['deep link', 'success', ({ wrapper, answer }) => wrapper.deliver(answer.href)],
  'a link, after others': [
    'deep link',
    'success',
    ({ wrapper, answer }) => {
      wrapper.deliver(answer.href.replace('/callback', '/other'))
      wrapper.deliver(`${answer.href}&state=x`.replace('state=', 'State='))
      wrapper.deliver(answer.href)
    },
  ],
  'a link with a doubled code': [
    'deep link',
    'callback_malformed',
    ({ wrapper, answer }) => wrapper.deliver(`${answer.href}&code=x`),
  ],
  'a tab, closed': [
    'deep link',
    'cancelled',
    async ({ wrapper, pass }) => {
      wrapper.closeTab()
      await pass(3000)
    },
  ],
  'a link, without an answer': ['deep link', 'timeout', ({ pass }) => pass(600_000)],
}

describe('nor where the page stays, with', () => {
  it.each(Object.entries(journeys))('%s', async (_, [name, code, end]) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    vi.stubGlobal('BroadcastChannel', browserChannel())
    vi.stubGlobal('opener', null)
    vi.stubGlobal('parent', window)
    vi.stubGlobal('close', () => {})
    const [windows, frames, wrapper] = [stubOpen(), stubFrames(), createWrapper()]
    goTo('https://app.example/')
    const server = createServer()
    const agents: Record<typeof name, () => SignInOptions['userAgent']> = {
      popup: () => popup({ embedded: allowEmbeddedWebView }),
      frame,
      'deep link': () => deepLink(wrapper.links),
    }
    const abort = new AbortController()
    const client = createClient({
      issuer: server.issuer,
      clientId: 'spa',
      redirectUri,
      scope: 'openid',
      fetch: server.fetch,
      signature: checkIdTokenSignature,
      metadata: server.metadata,
    })
    client.subscribe((event) => said.push([event]))
    const signIn = () => client.signIn({ userAgent: agents[name](), signal: abort.signal })
    const ended = signIn().then(
      () => 'success',
      (error) => {
        sayError(error)
        return error.code
      },
    )
    const sent = () => windows[0]?.visited[0] ?? frames[0]?.src ?? wrapper.opened[0]
    while (!sent()) await setImmediate()
    const pass = async (ms: number) => {
      for (let turn = 0; turn < 10; turn++) {
        await setImmediate()
        vi.advanceTimersByTime(ms / 10)
      }
    }
    const shown = windows[0] ?? frames[0]?.window
    await end({ server, answer: await server.visit(sent()!), shown, wrapper, abort, signIn, pass })
    expect(await ended).toBe(code)
    said.push([windows.map(({ postMessage }) => postMessage.mock.calls)])
    expectNoSecret(server, new URL(sent()!))
  })
})
