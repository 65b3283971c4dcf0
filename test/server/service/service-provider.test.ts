import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import { createDpop, createSigningKey, privateKeyJwt } from '../../../src/protocol.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  createServiceClient,
  memoryServerSessions,
  memoryVault,
  type ServiceClientConfig,
  TOKEN_TYPES,
} from '../../../src/server.js'
import { givenToFetch } from '../../helpers/given-to-fetch.js'
import { startJwtApi } from '../../helpers/jwt-api.js'
import { createPerson } from '../../helpers/person.js'
import { createNonces, readProof } from '../../helpers/proof.js'
import { refusal } from '../../helpers/refusal.js'
import { signingKey } from '../../helpers/tls.js'
import { actorOf, jwtFormat, registerTokenExchange } from '../../helpers/token-exchange-grant.js'
import { createVisitor } from '../../helpers/visitor.js'

/** A real authorization server that wants nonces, two real APIs that take its signed tokens, and one that is careless. */
const redirectUri = 'https://app.example/auth/callback'
const insecure = allowInsecureLoopback
const key = await signingKey('ES256')
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

let running: RunningProvider
let orders: Awaited<ReturnType<typeof startJwtApi>>
let stock: typeof orders
let careless: typeof orders
const posts: { body: URLSearchParams; status: number }[] = []

const watching: typeof fetch = async (...given) => {
  const { url, init } = await givenToFetch(...given)
  const response = await fetch(url, init)
  if (url.endsWith('/token')) posts.push({ body: new URLSearchParams(String(init.body)), status: response.status })
  return response
}

beforeAll(async () => {
  const jwksUri = () => `${running.issuer}/jwks`
  ;[orders, stock, careless] = await Promise.all([
    startJwtApi(jwksUri),
    startJwtApi(jwksUri),
    startJwtApi(jwksUri, { careless: true }),
  ])
  const scopes = { [orders.resource]: 'orders:read orders:write', [stock.resource]: 'stock:read' }
  const all = Object.values(scopes).join(' ')
  const base = browserClient('unused', [redirectUri])
  const grants = ['client_credentials', EXCHANGE]
  const byKey = {
    token_endpoint_auth_method: 'private_key_jwt' as const,
    jwks: { keys: [{ ...key.publicJwk, kid: 'k', use: 'sig', key_ops: undefined }] } as never,
  }
  running = await startProvider({
    ...base,
    clients: [
      { client_id: 'web', client_secret: 'secret-of-web', redirect_uris: [redirectUri] },
      { client_id: 'gateway', redirect_uris: [], response_types: [], grant_types: grants, scope: all, ...byKey },
      {
        client_id: 'bound',
        redirect_uris: [],
        response_types: [],
        grant_types: grants,
        scope: all,
        dpop_bound_access_tokens: true,
        ...byKey,
      },
      {
        client_id: 'weak',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        scope: 'stock:read',
        client_secret: 'secret-of-weak',
      },
    ],
    scopes: ['openid', ...all.split(' ')],
    clientAuthMethods: ['client_secret_basic', 'private_key_jwt', 'none'],
    extraTokenClaims: (context) => {
      const sub = actorOf(context)
      return sub ? { act: { sub } } : {}
    },
    features: {
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true, allowReplay: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        getResourceServerInfo: (_, resource) => jwtFormat(scopes[resource] ?? ''),
      },
    },
  })
  registerTokenExchange(running.provider, scopes, createNonces())
})
afterAll(() => Promise.all([running, orders, stock, careless].map((each) => each.close())))
beforeEach(() => {
  for (const each of [orders, stock, careless]) each.seen.length = 0
  posts.length = 0
})

const service = (more: Partial<ServiceClientConfig> = {}) =>
  createServiceClient({
    issuer: running.issuer,
    clientId: 'gateway',
    clientAuth: privateKeyJwt(key.jwk, { keyId: 'k' }),
    apis: {
      [orders.origin]: { resource: orders.resource, scope: 'orders:read' },
      [stock.origin]: { resource: stock.resource },
    },
    scope: 'stock:read',
    insecure,
    fetch: watching,
    ...more,
  })
const newDpop = async () => {
  const pair = await createSigningKey()
  return createDpop(async () => pair)
}

/** The access token of a user who really signed in, from the session of a server. */
async function userToken() {
  const auth = createServerSessionClient({
    issuer: running.issuer,
    clientId: 'web',
    redirectUri,
    scope: 'openid',
    clientAuth: clientSecretBasic('secret-of-web'),
    vault: memoryVault({ maxRecords: 10 }),
    sessionStore: memoryServerSessions(),
    insecure,
  })
  const visitor = createVisitor()
  const started = await auth.signIn(visitor.request('https://app.example/auth/sign-in'))
  visitor.receive(started.headers)
  const callback = await createPerson('ada').travel(started.headers.get('location') ?? '', redirectUri)
  const signedIn = await auth.handle(visitor.request(callback))
  visitor.receive(signedIn!.headers)
  return (await auth.getAccessToken(visitor.request('https://app.example/'))).accessToken
}

describe('client credentials', () => {
  it('gets one token for each API, which the other one does not take', async () => {
    const client = service()
    for (const api of [orders, stock, orders]) expect((await client.fetch(api.origin)).status).toBe(200)
    expect(posts.map(({ body }) => [body.get('resource'), body.get('scope')])).toEqual([
      [orders.resource, 'orders:read'],
      [stock.resource, 'stock:read'],
    ])
    const claims = orders.seen[0]!.claims
    expect(claims).toMatchObject({ sub: 'gateway', aud: orders.resource, scope: 'orders:read' })
    const authorization = `Bearer ${await client.getAccessToken({ resource: orders.resource, scope: 'orders:read' })}`
    expect((await fetch(stock.origin, { headers: { authorization } })).status).toBe(401)
    expect(posts).toHaveLength(2)
  })

  it('under DPoP sends a proof with a nonce to the server and to the API, and repeats none', async () => {
    const client = service({ clientId: 'bound', dpop: await newDpop() })
    for (let call = 0; call < 2; call++) expect((await client.fetch(orders.origin)).status).toBe(200)
    expect(orders.seen.map(({ status }) => status)).toEqual([401, 200, 200])
    expect(orders.seen.at(-1)!.claims).toHaveProperty('cnf.jkt')
    expect(posts.map(({ status }) => status)).toEqual([400, 200])
    // Without the key the token is worth nothing.
    const authorization = `Bearer ${await client.getAccessToken({ resource: orders.resource, scope: 'orders:read' })}`
    expect((await fetch(orders.origin, { headers: { authorization } })).status).toBe(401)
  })

  it('says what to change where the server refuses', async () => {
    const two = service().getAccessToken({ resource: [orders.resource, stock.resource] })
    expect((await refusal(two, 'token_request_refused')).serverError?.error).toBe('invalid_target')
    const bound = service({ clientId: 'bound' }).getAccessToken({ resource: orders.resource })
    await refusal(bound, 'token_request_refused')
    const weak = service({ clientId: 'weak', clientAuth: clientSecretBasic('a guess') }).getAccessToken()
    expect((await refusal(weak, 'token_request_refused')).hint).toMatch(/^Check clientId/)
    const narrow = { clientId: 'weak', clientAuth: clientSecretBasic('secret-of-weak') }
    const more = service(narrow).getAccessToken({ scope: 'orders:write' })
    expect((await refusal(more, 'token_request_refused')).serverError?.error).toBe('invalid_scope')
    expect(await service(narrow).getAccessToken()).toMatch(/./)
  })

  it('asks once more after the token was withdrawn', async () => {
    const client = service({ apis: {}, resource: undefined })
    const first = await client.getAccessToken()
    const held = await running.provider.ClientCredentials.find(first)
    await held?.destroy()
    expect(await running.provider.ClientCredentials.find(first)).toBeUndefined()
    expect(await client.getAccessToken()).toBe(first)
    expect(await client.getAccessToken({ fresh: true })).not.toBe(first)
  })

  it('refuses a bearer token under DPoP, which a proxy that drops the proof would bring about', async () => {
    const dropping: typeof fetch = async (url, init) => {
      const headers = new Headers(init?.headers)
      headers.delete('dpop')
      return fetch(url, { ...init, headers })
    }
    const wish = { resource: orders.resource, scope: 'orders:read' }
    const error = await refusal(
      service({ dpop: await newDpop(), fetch: dropping }).getAccessToken(wish),
      'token_response_invalid',
    )
    expect(error.message).toContain('token_type is not dpop')
    // What was refused: a token that the API takes from anyone who has it.
    const authorization = `Bearer ${await service({ fetch: dropping }).getAccessToken(wish)}`
    expect((await fetch(orders.origin, { headers: { authorization } })).status).toBe(200)
  })
})

describe('token exchange', () => {
  const subject = async () => ({ subjectToken: await userToken(), subjectTokenType: TOKEN_TYPES.accessToken })

  it('turns the token of a session into one that the downstream API takes, with user and actor', async () => {
    const given = await subject()
    expect((await fetch(orders.origin, { headers: { authorization: `Bearer ${given.subjectToken}` } })).status).toBe(
      401,
    )
    const issued = await service().exchange({ ...given, resource: orders.resource, scope: 'orders:read' })
    expect(issued).toMatchObject({
      tokenType: 'bearer',
      issuedTokenType: TOKEN_TYPES.accessToken,
      scope: 'orders:read',
    })
    const response = await fetch(orders.origin, { headers: { authorization: `Bearer ${issued.accessToken}` } })
    expect(await response.json()).toMatchObject({ sub: 'ada', aud: orders.resource, act: { sub: 'gateway' } })
  })

  it('names another actor, if it has the token of one', async () => {
    const actorToken = await service({
      clientId: 'weak',
      clientAuth: clientSecretBasic('secret-of-weak'),
    }).getAccessToken()
    const actor = { actorToken, actorTokenType: TOKEN_TYPES.accessToken }
    const issued = await service().exchange({ ...(await subject()), ...actor, resource: stock.resource })
    expect(readProof(issued.accessToken).claims).toMatchObject({ act: { sub: 'weak' }, aud: stock.resource })
  })

  it('binds the token to the key under DPoP, with a nonce', async () => {
    const dpop = await newDpop()
    const client = service({ clientId: 'bound', dpop })
    const issued = await client.exchange({ ...(await subject()), resource: orders.resource })
    expect(issued.tokenType).toBe('dpop')
    expect(posts.map(({ status }) => status)).toEqual([400, 200])
    const headers = { authorization: `DPoP ${issued.accessToken}` }
    expect((await dpop.fetch(orders.resource, { headers })).status).toBe(200)
    expect((await fetch(orders.resource, { headers })).status).toBe(401)
  })

  it('gives an ID token no member that could be sent as access token: a careless API would take it', async () => {
    const issued = await service().exchange({ ...(await subject()), requestedTokenType: TOKEN_TYPES.idToken })
    expect(issued.tokenType).toBe('N_A')
    expect(issued.accessToken).toBeUndefined()
    const { securityToken } = issued as { securityToken: string }
    expect(readProof(securityToken).claims).toMatchObject({ sub: 'ada', aud: 'gateway' })
    expect((await fetch(careless.origin, { headers: { authorization: `Bearer ${securityToken}` } })).status).toBe(200)
  })

  it('is refused for a token that ended, and says nothing of it', async () => {
    const given = await subject()
    await (await running.provider.AccessToken.find(given.subjectToken))?.destroy()
    const error = await refusal(service().exchange({ ...given, resource: orders.resource }), 'token_request_refused')
    expect(error.serverError?.error).toBe('invalid_request')
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(given.subjectToken)
  })

  it('is refused for an API that the server does not know', async () => {
    const asked = service().exchange({ ...(await subject()), resource: 'https://unknown.example/' })
    expect((await refusal(asked, 'token_request_refused')).serverError?.error).toBe('invalid_target')
  })

  describe('a gateway between here and the server', () => {
    /** Changes the response of the token endpoint. */
    const through =
      (change: (body: Record<string, unknown>, sent: URLSearchParams) => object): typeof fetch =>
      async (url, init) => {
        const response = await fetch(url, init)
        if (!`${url}`.endsWith('/token')) return response
        return Response.json(change(await response.json(), new URLSearchParams(String(init?.body))))
      }
    const asked = async (by: typeof fetch, more: object = {}) => {
      const issued = service({ fetch: by }).exchange({ ...(await subject()), resource: orders.resource, ...more })
      return refusal(issued, 'token_response_invalid')
    }

    it('that sends the subject token back does not make it go to another API', async () => {
      const echo = through((body, sent) => ({ ...body, access_token: sent.get('subject_token') }))
      expect((await asked(echo)).message).toContain('is the one that was sent')
    })

    it('that puts an ID token in the place of the access token is noticed, whatever it calls it', async () => {
      const { securityToken } = (await service().exchange({
        ...(await subject()),
        requestedTokenType: TOKEN_TYPES.idToken,
      })) as { securityToken: string }
      for (const type of [TOKEN_TYPES.idToken, undefined]) {
        const swap = through((body) => ({ ...body, access_token: securityToken, issued_token_type: type }))
        await asked(swap)
      }
      const asBearer = through((body) => ({ ...body, token_type: 'Bearer' }))
      await asked(asBearer, { requestedTokenType: TOKEN_TYPES.idToken })
      expect((await fetch(careless.origin, { headers: { authorization: `Bearer ${securityToken}` } })).status).toBe(200)
    })
  })
})
