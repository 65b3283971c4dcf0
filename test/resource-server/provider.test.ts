import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import {
  allowInsecureLoopback,
  createApiFetch,
  createSessionClient,
  dpop,
  type SessionClientConfig,
  stepUp,
} from '../../src/index.js'
import { sendResponse, toRequest } from '../../src/node.js'
import {
  clientSecretBasic,
  createResourceServer,
  memoryReplayCache,
  type ProofkeyEvent,
  type ResourceServer,
} from '../../src/resource-server.js'
import { createPerson } from '../helpers/person.js'
import { readProof } from '../helpers/proof.js'
import { refusal } from '../helpers/refusal.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

/** A real authorization server, our own client, and APIs behind Node's http: one takes JWTs, one opaque tokens, one with nonces. */
const redirectUri = 'https://app.example/callback'
const insecure = allowInsecureLoopback
const secret = 'a secret of thirty-two bytes or more'
const KINDS = ['jwt', 'opaque', 'nonce'] as const
type Kind = (typeof KINDS)[number]

let running: RunningProvider
const servers: Server[] = []
const urls = {} as Record<Kind, string>
const apis = {} as Record<Kind, ResourceServer>
const events: ProofkeyEvent[] = []
/** How the next sign-in is said to have been done. */
let level = 'pwd'

async function listen(kind: Kind) {
  const server = createServer(async (incoming, outgoing) => {
    const handlers: Record<string, (request: Request) => Promise<Response>> = {
      '/orders': apis[kind].protect({ scope: 'orders:read' }, (_, { subject, binding }) =>
        Response.json({ subject, binding }),
      ),
      '/write': apis[kind].protect({ scope: 'orders:write' }, () => Response.json({ written: true })),
      '/admin': apis[kind].protect({ acrValues: 'mfa', maxAgeSeconds: 300 }, (_, { acr }) => Response.json({ acr })),
    }
    const request = toRequest(incoming)
    const handler = handlers[new URL(request.url).pathname] ?? handlers['/orders']!
    await sendResponse(outgoing, await handler(request))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  urls[kind] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  for (const kind of KINDS) await listen(kind)
  const base = browserClient('spa', [redirectUri])
  const grant_types = ['authorization_code', 'refresh_token']
  running = await startProvider({
    ...base,
    clients: [
      { ...base.clients![0]!, grant_types },
      { ...base.clients![0]!, client_id: 'bound', grant_types, dpop_bound_access_tokens: true },
      { client_id: 'orders-api', client_secret: secret, redirect_uris: [], response_types: [], grant_types: [] },
    ],
    scopes: ['openid', 'offline_access', 'orders:read', 'orders:write'],
    acrValues: ['pwd', 'mfa'],
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    extraTokenClaims: (ctx) => {
      const { AuthorizationCode, RefreshToken } = ctx.oidc.entities
      const { acr, authTime } = (AuthorizationCode ?? RefreshToken)!
      return { acr, auth_time: authTime }
    },
    features: {
      dPoP: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'orders:read orders:write',
          audience: resource,
          accessTokenFormat: resource === urls.opaque ? 'opaque' : 'jwt',
        }),
      },
    },
  })
  // Its own pages know no levels.
  Object.defineProperty(running.provider.Session.prototype, 'acr', { get: () => level, set() {} })
  for (const kind of KINDS) {
    apis[kind] = createResourceServer({
      issuer: running.issuer,
      audience: urls[kind],
      insecure,
      scopesSupported: ['orders:read', 'orders:write'],
      ...(kind === 'opaque' && { introspection: { clientId: 'orders-api', clientAuth: clientSecretBasic(secret) } }),
      dpop: {
        replayCache: memoryReplayCache(),
        ...(kind === 'nonce' && { nonceKeys: [{ id: 'a', secret: randomBytes(32).toString('base64') }] }),
      },
    })
    apis[kind].subscribe((event) => events.push(event))
  }
})
afterAll(async () => {
  await running.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  events.length = 0
  level = 'pwd'
})

const proofs: string[] = []
const watching: typeof fetch = async (input, init) => {
  const request = new Request(input, init)
  proofs.push(request.headers.get('dpop') ?? '')
  return fetch(request)
}

async function signedIn(kind: Kind, config: Partial<SessionClientConfig> = {}) {
  const auth = createSessionClient({
    issuer: running.issuer,
    clientId: config.dpop ? 'bound' : 'spa',
    redirectUri,
    scope: 'openid offline_access',
    prompt: 'consent',
    insecure,
    userAgent: travelBy((url) => createPerson().travel(url, redirectUri)),
    apis: { [urls[kind]]: { resource: urls[kind], scope: 'orders:read' } },
    stepUp,
    fetch: watching as never,
    ...config,
  })
  await auth.signIn()
  return { auth, ask: createApiFetch(auth) }
}

describe.each(['jwt', 'opaque'] as const)('an API that takes tokens that are %s', (kind) => {
  it('authorizes our client', async () => {
    const { auth, ask } = await signedIn(kind)
    const response = await ask(`${urls[kind]}/orders`)
    expect(await response.json()).toEqual({ subject: 'ada', binding: 'none' })
    auth.close()
  })

  it('authorizes our client with DPoP, and a thief neither with the token nor with the proof', async () => {
    const { auth, ask } = await signedIn(kind, { dpop: dpop() })
    proofs.length = 0
    const response = await ask(`${urls[kind]}/orders`)
    expect(await response.json()).toEqual({ subject: 'ada', binding: 'dpop' })
    const token = await auth.getAccessToken({ resource: urls[kind], scope: 'orders:read' })
    const steal = (authorization: string, proof?: string) =>
      fetch(`${urls[kind]}/orders`, { headers: { authorization, ...(proof && { dpop: proof }) } })
    expect((await steal(`Bearer ${token}`)).status).toBe(401)
    expect((await steal(`DPoP ${token}`)).status).toBe(401)
    expect((await steal(`DPoP ${token}`, proofs.at(-1))).status).toBe(401)
    expect((await ask(`${urls[kind]}/orders`)).status).toBe(200)
    auth.close()
  })

  it('refuses tokens that are not for it: for UserInfo, for another API, an ID token, a refresh token', async () => {
    const { auth } = await signedIn(kind)
    const { idToken, refreshToken } = (await auth.signIn())!.tokens
    const others = [
      await auth.getAccessToken({ scope: 'openid' }),
      await auth
        .getAccessToken({ resource: urls[kind === 'jwt' ? 'opaque' : 'jwt'], scope: 'orders:read' })
        .catch(() => 'x'),
      idToken,
      refreshToken,
    ]
    for (const token of others) {
      expect(token).toBeTruthy()
      const response = await fetch(`${urls[kind]}/orders`, { headers: { authorization: `Bearer ${token}` } })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    auth.close()
  })

  it('asks for more scope, and our client says what is missing', async () => {
    const { auth, ask } = await signedIn(kind)
    const error = await refusal(ask(`${urls[kind]}/write`), 'insufficient_scope')
    expect(error.requirements).toEqual({ scope: 'orders:write' })
    auth.close()
  })

  it('asks for another sign-in, and after it our client is authorized', async () => {
    const { auth, ask } = await signedIn(kind)
    const error = await refusal(ask(`${urls[kind]}/admin`), 'step_up_required')
    expect(error.requirements).toEqual({ acrValues: 'mfa', maxAgeSeconds: 300 })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'token_refused', code: 'step_up_required', clientId: 'spa' }),
    )
    level = 'mfa'
    await error.signIn?.()
    expect(await (await ask(`${urls[kind]}/admin`)).json()).toEqual({ acr: 'mfa' })
    auth.close()
  })
})

describe('an API that wants nonces', () => {
  it('gets one by the retry of our client, and then with each request', async () => {
    const { auth, ask } = await signedIn('nonce', { dpop: dpop() })
    const count = () => events.filter(({ type }) => type === 'token_refused').length
    for (let request = 0; request < 3; request++) {
      expect((await ask(`${urls.nonce}/orders`)).status).toBe(200)
      expect(count()).toBe(1)
    }
    expect(readProof(proofs.at(-1)!).claims['nonce']).toMatch(/^a\./)
    auth.close()
  })
})

it('a revoked opaque token ends at once', async () => {
  const { auth, ask } = await signedIn('opaque')
  const token = await auth.getAccessToken({ resource: urls.opaque, scope: 'orders:read' })
  expect((await ask(`${urls.opaque}/orders`)).status).toBe(200)
  const found = await running.provider.AccessToken.find(token)
  await found?.destroy()
  const response = await fetch(`${urls.opaque}/orders`, { headers: { authorization: `Bearer ${token}` } })
  expect(response.status).toBe(401)
  auth.close()
})

it('the metadata leads to the authorization server', async () => {
  const refused = await fetch(`${urls.jwt}/orders`)
  const [, where = ''] = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? []
  const document = await (await fetch(where)).json()
  expect(document).toMatchObject({ resource: urls.jwt, authorization_servers: [running.issuer] })
})

it('two Authorization headers are refused, whichever Node would keep', async () => {
  const { request } = await import('node:http')
  const status = await new Promise((resolve, reject) => {
    const lines = ['Host', new URL(urls.jwt).host, 'Authorization', 'Bearer a', 'Authorization', 'Bearer b']
    const sent = request(`${urls.jwt}/orders`, { headers: lines }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject).end()
  })
  expect(status).toBe(400)
})
