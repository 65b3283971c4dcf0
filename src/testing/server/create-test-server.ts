import { randomToken } from '../../crypto/random.js'
import type { ServerMetadata } from '../../protocol/discovery/metadata.js'
import type { Fetch } from '../../protocol/request.js'
import { type AttackName, attackOf } from './attacks.js'
import { authorize, type Person, refusedPage, type TestClient } from './authorize.js'
import { createDpopCheck } from './dpop-check.js'
import { createFaults, type Fault, failedFetch, replacement, replaces, type TestEndpoint, waited } from './fault.js'
import { createIssued, type TestGrant, type TestUser } from './issued.js'
import { toPlainRequest } from './plain-request.js'
import { createTestSigner } from './signer.js'
import { authenticated, oauthError, token } from './token.js'

/** Options of {@link createTestServer}. */
export interface TestServerOptions {
  /** The issuer identifier. Default: one of its own, because clients keep the metadata of an issuer as long as the page lasts. */
  readonly issuer?: string | undefined
  /** The user who approves every sign-in. Default `{ sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' }`. */
  readonly user?: TestUser | undefined
  /** The clients, by `client_id`. Default: every client is known, public, and may use every redirect URI. */
  readonly clients?: Readonly<Record<string, TestClient>> | undefined
  /** How long access tokens are valid. Default 3600. */
  readonly expiresInSeconds?: number | undefined
  /** Added to the metadata (RFC 8414 §2); undefined removes a member. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** A request that a test server has received. */
export interface ReceivedRequest {
  readonly endpoint: TestEndpoint
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** The posted parameters; without a body, those of the URL. */
  readonly parameters: URLSearchParams
}

/** An authorization server in this process; see {@link createTestServer}. */
export interface TestServer {
  readonly issuer: string
  readonly metadata: ServerMetadata
  /** Pass it as `fetch` to a client. A URL that is not of this server fails like a host that does not exist. */
  readonly fetch: Fetch
  /** Every request it has received, the oldest first. */
  readonly requests: readonly ReceivedRequest[]
  /** From now on this user approves. Default: the user of the options. */
  approve(user?: TestUser): void
  /** The user leaves: `prompt=none` fails with `login_required` until the next sign-in. */
  signOutUser(): void
  /**
   * Does what the browser of a user would who is sent to the server: opens the authorization URL and approves.
   * @returns the callback URL
   * @throws `Error` if the server shows a page in place of a redirect, because client or redirect URI are wrong
   */
  visit(url: URL | string): Promise<URL>
  /** The next request of this endpoint is answered so; called again, the one after it. */
  next(endpoint: TestEndpoint, fault: Fault): void
  /** Every request of this endpoint is answered so, until it is called without a fault. */
  always(endpoint: TestEndpoint, fault?: Fault): void
  /** The next sign-in is attacked, by the name of the attack; see {@link attacks}. */
  attack(name: AttackName): void
  /** What a valid access token stands for; undefined for any other. For an API of the test (RFC 7662). */
  introspect(accessToken: string): TestGrant | undefined
  /** Refuses all refresh tokens from now on, as after a password change; access tokens stay valid. */
  refuseRefresh(): void
  /** Handles one HTTP request; `fetch` and `listenTestServer` are made of it. */
  handle(request: Request): Promise<Response>
}

/** What only clients request: posted, with their authentication (RFC 6749 §3.2, RFC 7009 §2.1, RFC 9126 §2.1). */
const FOR_CLIENTS: ReadonlySet<TestEndpoint> = new Set<TestEndpoint>(['par', 'token', 'revocation'])

const ADA: TestUser = { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' }

/**
 * Creates an authorization server in this process for the tests of an app: discovery, JWK Set, authorization code flow with
 * PKCE (required, S256), rotating refresh tokens, DPoP, pushed authorization requests, UserInfo, revocation and sign-out. Codes,
 * proofs and signatures are real and checked, so what signs in here does so for the reasons it would elsewhere. It opens no
 * port; see `listenTestServer` of `proofkey/testing-node` for one.
 * @example
 * ```ts
 * import { createTestServer } from 'proofkey/testing'
 *
 * const server = createTestServer()
 * server.next('token', { status: 503 }) // the next token request fails
 * console.log(server.issuer, server.fetch) // options of the client under test
 * ```
 */
export function createTestServer(options: TestServerOptions = {}): TestServer {
  const {
    issuer = `https://as-${randomToken()
      .slice(0, 8)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '0')}.test`,
    user = ADA,
    clients,
    expiresInSeconds = 3600,
  } = options
  // Issuers of some providers end with a slash.
  const base = new URL(issuer).href.replace(/\/$/, '')
  const issued = createIssued(expiresInSeconds)
  const signer = createTestSigner()
  const faults = createFaults()
  const dpopCheck = createDpopCheck()
  const pushed = new Map<string, URLSearchParams>()
  const requests: ReceivedRequest[] = []
  const person: Person = { user, isSignedIn: false, authTimeSeconds: 0 }
  const clientOf = (id: string): TestClient | undefined =>
    clients ? (Object.hasOwn(clients, id) ? clients[id] : undefined) : {}
  const paths: Record<string, TestEndpoint> = {
    '/.well-known/openid-configuration': 'metadata',
    '/.well-known/oauth-authorization-server': 'metadata',
    '/jwks': 'jwks',
    '/authorize': 'authorization',
    '/par': 'par',
    '/token': 'token',
    '/userinfo': 'userinfo',
    '/revoke': 'revocation',
    '/end-session': 'end_session',
  }
  const metadata = {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/jwks`,
    userinfo_endpoint: `${base}/userinfo`,
    revocation_endpoint: `${base}/revoke`,
    end_session_endpoint: `${base}/end-session`,
    pushed_authorization_request_endpoint: `${base}/par`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['ES256'],
    dpop_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
    ...options.metadata,
  } as ServerMetadata

  /** The parameters of an authorization request; of a pushed one, once (RFC 9126 §2.2). */
  function askedIn(parameters: URLSearchParams): URLSearchParams | undefined {
    const uri = parameters.get('request_uri')
    if (uri === null) return parameters
    const found = pushed.get(uri)
    pushed.delete(uri)
    return found?.get('client_id') === parameters.get('client_id') ? found : undefined
  }

  async function userInfo(request: Request): Promise<Response> {
    const [, scheme = '', accessToken = ''] =
      /^(Bearer|DPoP) (.+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    const grant = issued.grantOf(accessToken)
    const jkt = await dpopCheck(request, accessToken)
    if (!grant || grant.jkt !== jkt || (scheme === 'DPoP') !== !!grant.jkt)
      return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    return Response.json(grant.user)
  }

  async function honest(endpoint: TestEndpoint, request: Request, parameters: URLSearchParams, fault: Fault) {
    const isForClients = FOR_CLIENTS.has(endpoint)
    if (isForClients && request.method !== 'POST') return new Response(null, { status: 405 })
    const clientId = isForClients ? authenticated(request, parameters, clientOf) : ''
    if (clientId === undefined) return oauthError('invalid_client', 401)
    switch (endpoint) {
      case 'metadata':
        return Response.json({ ...metadata, ...fault.members })
      case 'jwks':
        return Response.json({ ...(await signer.keys()), ...fault.members })
      case 'authorization': {
        const asked = askedIn(parameters)
        if (!asked) return refusedPage('its request_uri is not known')
        return authorize(asked, { issuer, person, issued, clientOf }, fault.callback)
      }
      case 'par': {
        const request_uri = `urn:ietf:params:oauth:request_uri:${randomToken()}`
        pushed.set(request_uri, parameters)
        return Response.json({ request_uri, expires_in: 60, ...fault.members }, { status: 201 })
      }
      case 'token':
        return token(request, parameters, { issuer, clientId, expiresInSeconds, issued, signer, dpopCheck }, fault)
      case 'userinfo':
        return userInfo(request)
      case 'revocation':
        issued.revoke(parameters.get('token') ?? '')
        return new Response(null)
      case 'end_session': {
        person.isSignedIn = false
        const back = parameters.get('post_logout_redirect_uri')
        if (!back) return new Response('You are signed out.')
        const url = new URL(back)
        if (parameters.has('state')) url.searchParams.set('state', `${parameters.get('state')}`)
        return new Response(null, { status: 302, headers: { location: url.href } })
      }
    }
  }

  async function answer(request: Request, signal?: AbortSignal, isPage = true): Promise<Response> {
    const { origin, pathname, searchParams } = new URL(request.url)
    if (origin !== new URL(base).origin) throw failedFetch()
    const address = origin + pathname
    const endpoint = address.startsWith(`${base}/`) ? paths[address.slice(base.length)] : undefined
    if (!endpoint) return new Response('Not found', { status: 404 })
    const parameters = request.method === 'POST' ? new URLSearchParams(await request.text()) : searchParams
    requests.push({ endpoint, method: request.method, url: request.url, headers: request.headers, parameters })
    const fault = faults.take(endpoint)
    await waited(fault.waitFor, signal)
    if (fault.failure === 'network') throw failedFetch()
    const response = replaces(fault) ? replacement(fault) : await honest(endpoint, request, parameters, fault)
    if (fault.failure === 'cors' && isPage) throw failedFetch()
    if (!replaces(fault))
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.headers.set(name, value)
    if (fault.failure !== 'cors') response.headers.set('access-control-allow-origin', '*')
    return response
  }

  const server: TestServer = {
    issuer,
    metadata,
    requests,
    fetch: async (input, init = {}) => {
      const { request, signal } = await toPlainRequest(input, init)
      return answer(request, signal)
    },
    handle: (request) => answer(request, undefined, false),
    approve(next = user) {
      Object.assign(person, { user: next, isSignedIn: true, authTimeSeconds: Math.floor(Date.now() / 1000) })
    },
    signOutUser() {
      person.isSignedIn = false
    },
    async visit(url) {
      const response = await answer(new Request(`${url}`))
      const location = response.headers.get('location')
      if (!location) throw new Error(await response.text())
      return new URL(location)
    },
    next: faults.next,
    always: (endpoint, fault) => faults.always(endpoint, fault),
    attack(name) {
      const { endpoint, fault } = attackOf(name, issued)
      faults.next(endpoint, fault)
    },
    introspect: issued.grantOf,
    refuseRefresh: () => issued.revokeRefreshTokens(),
  }
  return server
}
