import { IDBFactory } from 'fake-indexeddb'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApiFetch, createSessionClient, registerInstance, revealServerError } from '../src/index.js'
import { signInOnDevice } from '../src/node.js'
import { checkMetadata, type ServerMetadata } from '../src/protocol.js'
import { clientSecretBasic, clientSecretPost, createServerClient, memoryVault } from '../src/server.js'
import { ECHOES, everythingOf } from './helpers/echoes.js'
import { API, createServer, type Faults } from './helpers/server.js'
import { travelBy } from './helpers/sign-in-attempt.js'
import { createVisitor } from './helpers/visitor.js'

const redirectUri = 'https://app.example/callback'
const SECRET = 'a:b%+ü/&"<0123-Passwort'
const TYPED = 'initial:access%+ü/&"<token'

/** What a server's text is made of, given a secret of the request. */
type Echo = (secret: string) => string
/** All that was seen of a failure, and what the server's text held. */
interface Seen {
  readonly shown: unknown[]
  readonly texts: string[]
}

const refuse = (texts: string[], text: string, status = 400) => {
  texts.push(text)
  return Response.json({ error: 'invalid_request', error_description: text }, { status })
}
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('Nothing was refused')
    },
    (error) => error,
  )

function serverClient(faults: Faults, clientAuth = clientSecretPost(SECRET)) {
  const server = createServer(faults, { clients: { web: { secret: SECRET } } })
  const client = createServerClient({
    issuer: server.issuer,
    clientId: 'web',
    redirectUri,
    scope: 'openid',
    clientAuth,
    vault: memoryVault({ maxRecords: 100 }),
    fetch: server.fetch,
  })
  const events: unknown[] = []
  client.subscribe((event) => events.push(event))
  return { server, client, events }
}

/** A sign-in on a server, up to the callback. */
async function callbackOf({ server, client }: ReturnType<typeof serverClient>) {
  const visitor = createVisitor()
  const started = await client.signIn(visitor.request('https://app.example/login'))
  visitor.receive(started.headers)
  const asked = new URL(started.headers.get('location') ?? '')
  return { visitor, asked: asked.searchParams, callback: await server.visit(asked) }
}

const ofToken =
  (name: string, clientAuth?: ReturnType<typeof clientSecretPost>) =>
  async (echo: Echo): Promise<Seen> => {
    const texts: string[] = []
    const respond = (body: URLSearchParams) => refuse(texts, echo(name === 'secret' ? SECRET : `${body.get(name)}`))
    const app = serverClient({ respond }, clientAuth)
    const { visitor, callback } = await callbackOf(app)
    const error = await failureOf(app.client.handleCallback(visitor.request(callback)))
    return { shown: [error, app.events], texts }
  }

const ofCallback =
  (name: 'state' | 'nonce' | 'code', as: 'error' | 'error_description') =>
  async (echo: Echo): Promise<Seen> => {
    const app = serverClient({})
    const { visitor, asked, callback } = await callbackOf(app)
    // Of a state, the first 13 characters are no secret: its time of expiry.
    const secret = { code: callback.searchParams, state: asked, nonce: asked }[name]
      .get(name)
      ?.slice(name === 'state' ? 13 : 0)
    const text = echo(`${secret}`)
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set(as, text)
    const error = await failureOf(app.client.handleCallback(visitor.request(callback)))
    return { shown: [error, app.events], texts: [text] }
  }

const json = { 'content-type': 'application/json', 'x-proofkey': 'exchange' }

/** Every place where a server's text is shown. */
const PLACES: Record<string, (echo: Echo) => Promise<Seen>> = {
  'a callback that repeats state': ofCallback('state', 'error_description'),
  'a callback whose error repeats state': ofCallback('state', 'error'),
  'a callback that repeats nonce': ofCallback('nonce', 'error_description'),
  'a callback that repeats the code': ofCallback('code', 'error_description'),
  'a token error that repeats the code': ofToken('code'),
  'a token error that repeats the verifier': ofToken('code_verifier'),
  'a token error that repeats client_secret': ofToken('client_secret'),
  'a token error that repeats the secret of Basic': ofToken('secret', clientSecretBasic(SECRET)),
  'a token error that repeats the secret of a function': ofToken(
    'secret',
    clientSecretBasic(async () => SECRET),
  ),
  async 'a refusal of a refresh token'(echo) {
    const texts: string[] = []
    const app = serverClient({ respond: (body) => refuse(texts, echo(`${body.get('refresh_token')}`)) })
    return { shown: [await failureOf(app.client.refresh('refresh-0123456789:%+/ü')), app.events], texts }
  },
  async 'a refusal to revoke'(echo) {
    const texts: string[] = []
    const app = serverClient({ revoke: (body) => refuse(texts, echo(`${body.get('token')}`)) })
    return { shown: [await failureOf(app.client.revoke('token-0123456789:%+/ü')), app.events], texts }
  },
  async 'the answer of handleExchange'(echo) {
    const texts: string[] = []
    const app = serverClient({
      respond(body) {
        const text = echo(`${body.get('code_verifier')}`)
        texts.push(text)
        return Response.json({ error: text, error_description: text }, { status: 400 })
      },
    })
    const body = JSON.stringify({
      code: 'c-0123456789',
      codeVerifier: 'v'.repeat(43).replace(/v/g, () => 'abc'),
      redirectUri,
    })
    const sent = body.replace(/"(abc)+"/, `"${'verifier-0123456789_'.repeat(3)}"`)
    const request = new Request('https://app.example/exchange', { method: 'POST', headers: json, body: sent })
    const answer = await app.client.handleExchange(request, () => new Response())
    return { shown: [await answer.text(), app.events], texts }
  },
  async 'a refusal of a device'(echo) {
    const texts: string[] = []
    const events: unknown[] = []
    const server = createServer({ metadata: { device_authorization_endpoint: 'https://as.example/device' } })
    const fetch: typeof globalThis.fetch = async (url, init) =>
      String(url) === 'https://as.example/device' ? refuse(texts, echo(SECRET)) : server.fetch(url as string, init)
    const options = { issuer: server.issuer, clientId: 'tv', clientAuth: clientSecretBasic(SECRET), fetch }
    const onEvent = (event: unknown) => events.push(event)
    return { shown: [await failureOf(signInOnDevice({ ...options, onPrompt() {}, onEvent })), events], texts }
  },
  async 'a refusal to register'(echo) {
    globalThis.indexedDB = new IDBFactory()
    const texts: string[] = []
    const events: unknown[] = []
    const metadata = {
      registration_endpoint: 'https://as.example/register',
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
    }
    const server = createServer({ metadata })
    const fetch: typeof globalThis.fetch = async (url, init) =>
      String(url) === 'https://as.example/register' ? refuse(texts, echo(TYPED)) : server.fetch(url as string, init)
    const options = { issuer: server.issuer, redirectUri, initialAccessToken: TYPED, fetch }
    const error = await failureOf(registerInstance({ ...options, onEvent: (event) => events.push(event) }))
    return { shown: [error, events], texts }
  },
  async 'an API’s challenge'(echo) {
    const texts: string[] = []
    const server = createServer({
      api(request) {
        const token = `${request.headers.get('authorization')}`.replace(/^\w+ /, '')
        const text = echo(token).replace(/[^\x20-\x7e]/g, ' ')
        texts.push(text)
        const quoted = text.replace(/["\\]/g, '\\$&')
        const challenge = `Bearer error="insufficient_scope", scope="${quoted}", error_description="${quoted}"`
        return new Response(null, { status: 403, headers: { 'www-authenticate': challenge } })
      },
    })
    const auth = createSessionClient({
      issuer: server.issuer,
      clientId: 'spa',
      redirectUri,
      scope: 'openid',
      fetch: server.fetch,
      vault: memoryVault(),
      userAgent: travelBy((url) => server.visit(url)),
      apis: { [API]: {} },
    })
    const events: unknown[] = []
    auth.subscribe((event) => events.push(event))
    await auth.signIn()
    const error = await failureOf(createApiFetch(auth)(`${API}/orders`))
    auth.close()
    return { shown: [error, (error as { requirements?: unknown }).requirements, events], texts }
  },
  async 'an answer to a logout token'(echo) {
    const app = serverClient({})
    const text = echo('logout-token-0123456789')
    const body = new URLSearchParams({ logout_token: text })
    const request = new Request('https://app.example/logout', { method: 'POST', body })
    const answer = await app.client.handleBackChannelLogout(request, () => {})
    return { shown: [await answer.text(), app.events], texts: [text] }
  },
}

/** What gives a text away that is cut or encoded once more: any twelve of its characters in a row, as they stand. */
function expectNothingOf(texts: readonly string[], everything: string): void {
  for (const text of texts) {
    const parts = Array.from({ length: Math.max(1, text.length - 11) }, (_, at) => text.slice(at, at + 12))
    for (const part of parts)
      if (/[^\p{C}\s]{4}/u.test(part) && everything.includes(part)) expect(everything).not.toContain(part)
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(Object.entries(PLACES))('%s', (_, place) => {
  it.each(Object.entries(ECHOES))('shows nothing of a secret %s', async (_, echo) => {
    // A word of each echo is no secret's: what frames the secret may be shown.
    const { shown, texts } = await place(echo)
    expect(texts.length).toBeGreaterThan(0)
    expectNothingOf(texts, everythingOf(...shown))
  })
})

describe('what repeats no secret', () => {
  it('is shown, and what was withheld can be asked for', async () => {
    const honest = await PLACES['a token error that repeats the code']!(() => 'The code has expired.')
    expect(everythingOf(...honest.shown)).toContain('The code has expired.')
    const { shown, texts } = await PLACES['a token error that repeats the code']!((secret) => `Seen: ${secret}`)
    expect(shown[0]).toMatchObject({ serverError: { description: '(withheld)' } })
    expect(revealServerError(shown[0])?.description).toBe(texts[0])
  })
})

it('an issuer of any length is shown in 200 characters', async () => {
  const issuer = `https://as.example/${'x'.repeat(100_000)}\u202e`
  const error = await failureOf((async () => checkMetadata({ issuer } as ServerMetadata, 'https://as.example'))())
  expect(error.message.length).toBeLessThan(300)
  expect(error.message).not.toMatch(/\p{Cf}/u)
})
