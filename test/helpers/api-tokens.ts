import { createHash, randomUUID } from 'node:crypto'
import { compactVerify, createLocalJWKSet } from 'jose'
import { createResourceServer, type ProofkeyEvent, type ResourceServerConfig } from '../../src/resource-server.js'
import { createSigner, type Signer } from './signer.js'

export const ISSUER = 'https://as.example'
export const API_URL = 'https://api.example'
export const digestOf = (text: string) => createHash('sha256').update(text).digest('base64url')
export const nowSeconds = () => Math.floor(Date.now() / 1000)

/** Shared: keys take their time. */
const shared = createSigner('ES256', 'k1')
const clientKey = createSigner('ES256', 'c1')

/** Of an EC key (RFC 7638 §3). */
export const thumbprintOf = ({ jwk: { crv, kty, x, y } }: Signer) => digestOf(JSON.stringify({ crv, kty, x, y }))

/** An authorization server: it signs tokens, publishes keys and answers about opaque tokens, honest but for what a test changes. */
export function createTokenServer(issuer = ISSUER, signer = shared) {
  const server = {
    issuer,
    signer,
    /** The requests it got. */
    requests: [] as { url: string; headers: Headers; body: URLSearchParams }[],
    keys: [signer.jwk] as unknown,
    /** What it says of opaque tokens, by token. */
    opaque: new Map<string, unknown>(),
    /** Answers in its place. */
    answer: undefined as ((url: string) => Response | Promise<Response>) | undefined,
    metadata: {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      introspection_endpoint: `${issuer}/introspect`,
    } as Record<string, unknown>,
    count: (path: string) => server.requests.filter(({ url }) => url.endsWith(path)).length,

    async fetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
      const url = String(input)
      const body = new URLSearchParams(String(init.body ?? ''))
      server.requests.push({ url, headers: new Headers(init.headers), body })
      if (server.answer) return server.answer(url)
      if (url.endsWith('/jwks')) return Response.json({ keys: server.keys })
      if (url.endsWith('/introspect'))
        return Response.json(server.opaque.get(body.get('token') ?? '') ?? { active: false })
      return Response.json(server.metadata)
    },

    /** RFC 9068 §2.2; `undefined` leaves a claim out. */
    claims(changed: object = {}): Record<string, unknown> {
      const now = nowSeconds()
      const honest = {
        iss: issuer,
        aud: API_URL,
        iat: now,
        exp: now + 300,
        jti: randomUUID(),
        sub: 'ada',
        client_id: 'web',
        scope: 'orders:read orders:write',
      }
      return { ...honest, ...changed }
    },
    token: (changed: object = {}, header: object = {}, by = signer) =>
      by.sign(server.claims(changed), { typ: 'at+jwt', ...header }),
    /** What the introspection endpoint says of an honest token. */
    response: (changed: object = {}) => ({ ...server.claims(), active: true, token_type: 'Bearer', ...changed }),
  }
  return server
}
export type TokenServer = ReturnType<typeof createTokenServer>

/** An API in front of this server, and what it reports. */
export function createApi(server: TokenServer, config: Partial<ResourceServerConfig> = {}) {
  const api = createResourceServer({
    ...(config.issuers ? {} : { issuer: server.issuer }),
    audience: API_URL,
    fetch: server.fetch,
    ...config,
  })
  const events: ProofkeyEvent[] = []
  api.subscribe((event) => events.push(event))
  return Object.assign(api, { events })
}

export const requestWith = (headers: HeadersInit, path = '/orders', init: RequestInit = {}) =>
  new Request(API_URL + path, { ...init, headers })
export const bearer = (token: string) => requestWith({ authorization: `Bearer ${token}` })

/** A DPoP proof of a request for `/orders`; `undefined` leaves a claim out. */
export function proofFor(
  token: string,
  claims: object = {},
  { header = {}, by = clientKey }: { header?: object; by?: Signer } = {},
): string {
  const { crv, kty, x, y } = by.jwk
  const honest = { jti: randomUUID(), htm: 'GET', htu: `${API_URL}/orders`, iat: nowSeconds(), ath: digestOf(token) }
  return by.sign({ ...honest, ...claims }, { kid: undefined, typ: 'dpop+jwt', jwk: { crv, kty, x, y }, ...header })
}
export const boundTo = (by = clientKey) => ({ cnf: { jkt: thumbprintOf(by) } })

/** What a check of the signature alone says: the attack is one that the other checks have to find. */
export async function hasGoodSignature(token: string, { keys }: TokenServer): Promise<boolean> {
  const found = createLocalJWKSet({ keys } as Parameters<typeof createLocalJWKSet>[0])
  return compactVerify(token, found).then(
    () => true,
    () => false,
  )
}
