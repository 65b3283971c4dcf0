import { IDBFactory } from 'fake-indexeddb'
import { describe, expect, it } from 'vitest'
import type { ProofkeyEvent } from '../src/events.js'
import { createSessionClient, getUserInfo, memoryVault } from '../src/index.js'
import { clientSecretPost, createServerClient, type ServerClient } from '../src/server.js'
import { API, createServer, type Faults } from './helpers/server.js'
import { travelBy } from './helpers/sign-in-attempt.js'
import { createVisitor } from './helpers/visitor.js'

const origin = 'https://app.example'
const down: Faults = {
  respond: () => {
    throw new TypeError('fetch failed')
  },
  revoke: () => {
    throw new TypeError('fetch failed')
  },
}

function createServerApp(faults: Faults) {
  const server = createServer(faults, { clients: { web: { secret: 's3cret' } } })
  const client = createServerClient({
    issuer: server.issuer,
    clientId: 'web',
    redirectUri: `${origin}/callback`,
    scope: 'openid',
    clientAuth: clientSecretPost('s3cret'),
    vault: memoryVault({ maxRecords: 100 }),
    fetch: server.fetch,
  })
  const events: ProofkeyEvent[] = []
  client.subscribe((event) => events.push(event))
  const visitor = createVisitor()
  const signIn = async () => {
    const started = await client.signIn(visitor.request(`${origin}/login`))
    visitor.receive(started.headers)
    return server.visit(started.headers.get('location') ?? '')
  }
  return { server, client, events, visitor, signIn }
}
type ServerApp = ReturnType<typeof createServerApp>

const signedIn = async ({ client, visitor, signIn }: ServerApp) =>
  client.handleCallback(visitor.request(await signIn())).catch(() => undefined)
const exchange = { code: 'c', codeVerifier: 'v'.repeat(43), redirectUri: `${origin}/callback` }
const posted = (body: object) =>
  new Request(`${origin}/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-proofkey': 'exchange' },
    body: JSON.stringify(body),
  })
const ok = { respond: () => Response.json({ access_token: 'a', token_type: 'Bearer' }) } as Faults

/** What each method is called with, what it reports in the end, and of which fault it reports a failure. */
const METHODS: Record<
  Exclude<keyof ServerClient, 'subscribe'>,
  [
    call: (app: ServerApp) => Promise<unknown>,
    started: string,
    done: string,
    failed: string,
    honest?: Faults,
    bad?: Faults,
  ]
> = {
  signIn: [
    ({ signIn }) => signIn(),
    'metadata_requested',
    'sign_in_started',
    'sign_in_failed',
    {},
    { metadata: { issuer: 'x' } },
  ],
  handleCallback: [signedIn, 'callback_received', 'sign_in_completed', 'sign_in_failed'],
  exchange: [
    ({ client }) => client.exchange({ ...exchange }),
    'exchange_started',
    'exchange_completed',
    'exchange_failed',
    { respond: () => Response.json({ access_token: 'a', token_type: 'Bearer', id_token: undefined }) },
  ],
  handleExchange: [
    ({ client }) => client.handleExchange(posted(exchange), () => new Response()),
    'exchange_started',
    'exchange_completed',
    'exchange_failed',
  ],
  refresh: [({ client }) => client.refresh('r'), 'refresh_started', 'tokens_refreshed', 'refresh_failed', ok],
  revoke: [({ client }) => client.revoke('t'), 'revocation_started', 'token_revoked', 'revocation_failed'],
  signOut: [
    ({ client, visitor }) => client.signOut(visitor.request(`${origin}/logout`)),
    'metadata_requested',
    'sign_out_started',
    'sign_out_failed',
    {},
    { metadata: { issuer: 'x' } },
  ],
  handleSignedOut: [
    async (app) => {
      const options = { postLogoutRedirectUri: `${origin}/out` }
      const response = await app.client.signOut(app.visitor.request(`${origin}/logout`), options)
      app.visitor.receive(response.headers)
      const state = new URL(response.headers.get('location') ?? '').searchParams.get('state')
      const wrong = app.server.faults.respond ? 'x' : ''
      return app.client.handleSignedOut(app.visitor.request(`${origin}/out?state=${state}${wrong}`))
    },
    'sign_out_started',
    'sign_out_completed',
    'sign_out_failed',
  ],
  handleBackChannelLogout: [
    ({ client }) => client.handleBackChannelLogout(posted({}), () => {}),
    'back_channel_logout_received',
    'back_channel_logout_received',
    'back_channel_logout_failed',
  ],
  preload: [
    ({ client }) => client.preload(),
    'metadata_requested',
    'metadata_loaded',
    'metadata_failed',
    {},
    { metadata: { issuer: 'x' } },
  ],
}

/** An ID token comes without a browser's nonce where the test redeems a code that nobody was sent for. */
const PLAIN: Faults = { claims: { nonce: undefined } }

describe.each(Object.entries(METHODS))('%s of a server client', (name, [call, started, done, failed, honest, bad]) => {
  it('reports its start and its end', async () => {
    const faults = honest ?? {}
    const app = createServerApp(name === 'exchange' || name === 'handleExchange' ? exchanged() : faults)
    await call(app).catch(() => {})
    const types = app.events.map(({ type }) => type)
    expect(types).toContain(started)
    expect(types.lastIndexOf(done as never)).toBeGreaterThanOrEqual(types.indexOf(started as never))
    if (name !== 'handleBackChannelLogout') expect(types).not.toContain(failed)
  })

  it('reports its failure, with a code', async () => {
    const app = createServerApp(bad ?? down)
    await call(app).catch(() => {})
    const failure = app.events.find(({ type }) => type === failed)
    expect(failure).toMatchObject({ code: expect.stringMatching(/^[a-z_]+$/) })
  })
})

/** Answers any code, with an ID token that its server signs. */
function exchanged(): Faults {
  const faults: Faults = { ...PLAIN }
  const inner = createServer(faults)
  faults.respond = async () => {
    delete faults.respond
    const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(exchange.codeVerifier))
    const code_challenge = Buffer.from(challenge).toString('base64url')
    const of = { client_id: 'web', redirect_uri: exchange.redirectUri }
    const asked = { ...of, response_type: 'code', scope: 'openid', code_challenge, code_challenge_method: 'S256' }
    const callback = await inner.visit(`${inner.metadata.authorization_endpoint}?${new URLSearchParams(asked)}`)
    const code = callback.searchParams.get('code') ?? ''
    const body = { ...of, grant_type: 'authorization_code', code, code_verifier: exchange.codeVerifier }
    return inner.fetch(inner.metadata.token_endpoint, { method: 'POST', body: new URLSearchParams(body) })
  }
  return { ...faults }
}

it('the list is whole', () => {
  const { client } = createServerApp({})
  expect(
    Object.keys(client)
      .filter((name) => name !== 'subscribe')
      .sort(),
  ).toEqual(Object.keys(METHODS).sort())
})

it('what respond throws is an unexpected failure of the exchange, and reaches the app', async () => {
  const app = createServerApp(exchanged())
  const broken = new Error('no session store')
  const answering = app.client.handleExchange(posted(exchange), () => Promise.reject(broken))
  await expect(answering).rejects.toBe(broken)
  expect(app.events.at(-1)).toMatchObject({ type: 'exchange_failed', code: 'unexpected' })
})

it('a session reports its calls to the server', async () => {
  globalThis.indexedDB = new IDBFactory()
  const server = createServer()
  const auth = createSessionClient({
    issuer: server.issuer,
    clientId: 'spa',
    redirectUri: `${origin}/callback`,
    scope: 'openid',
    fetch: server.fetch,
    vault: memoryVault(),
    userAgent: travelBy((url) => server.visit(url)),
    apis: { [API]: {} },
  })
  const types: string[] = []
  auth.subscribe(({ type }) => types.push(type))
  await getUserInfo(auth).catch(() => {})
  expect(types.splice(0)).toEqual(['user_info_requested', 'user_info_failed'])
  await auth.signIn()
  types.length = 0
  await getUserInfo(auth)
  expect(types.splice(0)).toEqual(['user_info_requested', 'user_info_received'])
  await auth.signOut()
  expect(types).toEqual(expect.arrayContaining(['revocation_started', 'token_revoked', 'sign_out_started']))
  auth.close()
})
