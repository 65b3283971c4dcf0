import { randomToken } from '../../crypto/random.js'
import { attackOf } from './attacks.js'
import { authorize, type Person, refusedPage, type TestClient } from './authorize.js'
import { createDpopCheck } from './dpop-check.js'
import {
  createFaults,
  type Fault,
  failedFetch,
  type ReceivedRequest,
  replacement,
  type TestEndpoint,
  waited,
} from './fault.js'
import { createIssued, type TestUser } from './issued.js'
import { endpointAt, testMetadata } from './metadata.js'
import { toPlainRequest } from './plain-request.js'
import { createTestSigner } from './signer.js'
import type { TestServer } from './test-server.js'
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
  /**
   * Added to the metadata (RFC 8414 §2); undefined removes a member. The server does as it says: another address of an endpoint
   * moves it there, and ID tokens are signed with the first of `id_token_signing_alg_values_supported` that is ES256 or RS256.
   */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
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
  const faults = createFaults()
  const dpopCheck = createDpopCheck()
  const pushed = new Map<string, URLSearchParams>()
  const requests: ReceivedRequest[] = []
  const person: Person = { user, isSignedIn: false, authTimeSeconds: 0 }
  const clientOf = (id: string): TestClient | undefined =>
    clients ? (Object.hasOwn(clients, id) ? clients[id] : undefined) : {}
  const metadata = testMetadata(issuer, base, options.metadata)
  const signer = createTestSigner(metadata.id_token_signing_alg_values_supported)

  /** The parameters of an authorization request; of a pushed one, once (RFC 9126 §2.2). */
  function askedIn(parameters: URLSearchParams): URLSearchParams | undefined {
    const uri = parameters.get('request_uri')
    if (uri === null) return parameters
    const found = pushed.get(uri)
    pushed.delete(uri)
    return found?.get('client_id') === parameters.get('client_id') ? found : undefined
  }

  async function userInfo(request: Request, members: Fault['members']): Promise<Response> {
    const [, scheme = '', accessToken = ''] =
      /^(Bearer|DPoP) (.+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    const grant = issued.grantOf(accessToken)
    const jkt = await dpopCheck(request, accessToken)
    if (!grant || grant.jkt !== jkt || (scheme === 'DPoP') !== !!grant.jkt)
      return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    return Response.json({ ...grant.user, ...members })
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
        return userInfo(request, fault.members)
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
    const endpoint = endpointAt(origin + pathname, base, metadata)
    if (!endpoint && origin !== new URL(base).origin) throw failedFetch()
    if (!endpoint) return new Response('Not found', { status: 404 })
    const parameters = request.method === 'POST' ? new URLSearchParams(await request.text()) : searchParams
    const { method, url, headers } = request
    const received = { endpoint, method, url, headers, parameters }
    requests.push(received)
    const { fault, response: given } = await waited(() => faults.take(received), signal)
    await waited(() => fault.waitFor, signal)
    if (fault.failure === 'network') throw failedFetch()
    const replaced = given ?? replacement(fault)
    const made = replaced ?? (await honest(endpoint, request, parameters, fault))
    if (fault.failure === 'cors' && isPage) throw failedFetch()
    // Headers of a response that `fetch` has brought do not change.
    const response = given && isPage ? given : new Response(made.body, made)
    if (!replaced) for (const [name, value] of Object.entries(fault.headers ?? {})) response.headers.set(name, value)
    if (fault.failure !== 'cors' && response !== given) response.headers.set('access-control-allow-origin', '*')
    return response
  }

  const server: TestServer = {
    issuer,
    metadata,
    requests,
    issued: issued.all,
    reused: issued.reused,
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
    isActive: issued.isActive,
    revoke: issued.revoke,
    refuseRefresh: () => issued.revokeRefreshTokens(),
  }
  return server
}
