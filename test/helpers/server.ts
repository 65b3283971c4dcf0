import { randomUUID } from 'node:crypto'
import type { ServerMetadata } from '../../src/protocol.js'
import { givenToFetch } from './given-to-fetch.js'

/** Faults that a real authorization server does not produce. Each field overrides what an honest answer would hold. */
export interface Faults {
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
  token?: Record<string, unknown>
  metadata?: Record<string, unknown>
  /** Signs with a key that is not in the JWKS. */
  forged?: boolean
  /** Answers (or throws) instead of the token endpoint. */
  respond?: (body: URLSearchParams) => Response | Promise<Response>
  /** Answers (or throws) instead of the revocation endpoint. */
  revoke?: (body: URLSearchParams) => Response | Promise<Response>
  /** Answers (or throws) instead of the API at `api`, once the access token was found good or not. */
  api?: (request: Request, good: boolean) => Response | Promise<Response>
  /** Answers (or throws) instead of the JWKS. */
  jwks?: () => Response | Promise<Response>
}

const b64 = (value: string | ArrayBuffer) => Buffer.from(value as string).toString('base64url')
const json = (value: unknown, status = 200) => Response.json(value, { status })
const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}
const [signing, foreign] = await Promise.all(
  [1, 2].map(() => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>),
)

/** One sign-in of a person. */
interface Signed {
  readonly clientId: string
  readonly nonce: string | null
  readonly authTime: number
  /** Shared by all tokens that come of one sign-in. */
  readonly family: string
}

/** Where the API lives that takes the server's access tokens. */
export const API = 'https://api.example'

/**
 * An authorization server in a `fetch`: metadata, JWKS and token endpoint, honest but for the faults it is given.
 * `requests` records what it was asked; `authorize` plays the person who signs in.
 */
export function createServer(faults: Faults = {}, issuer = 'https://as.example') {
  const requests: { url: string; init: RequestInit; body: URLSearchParams }[] = []
  const issued: string[] = []
  const codes = new Map<
    string,
    {
      nonce: string | null
      challenge: string | null
      redirectUri: string | null
      scope: string | null
      clientId: string
    }
  >()
  /** What each token stands for, while it is good. */
  const grants = new Map<string, Signed & { kind: 'access' | 'refresh' }>()
  /** Refresh tokens that were traded for newer ones. */
  const spent = new Map<string, Signed>()
  /** Families that ended because a spent refresh token came again, as a thief's would (RFC 9700 §4.14.2). */
  const reused = new Set<string>()
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    revocation_endpoint: `${issuer}/revoke`,
    userinfo_endpoint: `${issuer}/me`,
    end_session_endpoint: `${issuer}/end`,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    id_token_signing_alg_values_supported: ['RS256'],
    ...faults.metadata,
  } as ServerMetadata

  async function idToken(claims: Record<string, unknown>): Promise<string> {
    const input = `${b64(JSON.stringify({ alg: 'RS256', kid: 'k', ...faults.header }))}.${b64(JSON.stringify(claims))}`
    const pair = faults.forged ? foreign : signing
    return `${input}.${b64(await crypto.subtle.sign(algorithm.name, pair!.privateKey, new TextEncoder().encode(input)))}`
  }

  async function token(body: URLSearchParams): Promise<Response> {
    if (faults.respond) return faults.respond(body)
    if (body.get('grant_type') === 'refresh_token') {
      const token = body.get('refresh_token') ?? ''
      const grant = grants.get(token)
      if (grant?.kind !== 'refresh') {
        const { family } = spent.get(token) ?? {}
        if (family) {
          reused.add(family)
          endFamily(family)
        }
        return json({ error: 'invalid_grant' }, 400)
      }
      grants.delete(token)
      spent.set(token, grant)
      return tokens(grant)
    }
    const code = codes.get(body.get('code') ?? '')
    codes.delete(body.get('code') ?? '')
    const verifier = new TextEncoder().encode(body.get('code_verifier') ?? '')
    const challenge = b64(await crypto.subtle.digest('SHA-256', verifier))
    if (!code || challenge !== code.challenge || body.get('redirect_uri') !== code.redirectUri) {
      return json({ error: 'invalid_grant' }, 400)
    }
    return tokens({ ...code, authTime: Math.floor(Date.now() / 1000), family: randomUUID() })
  }

  function endFamily(family: string) {
    for (const [token, grant] of grants) if (grant.family === family) grants.delete(token)
  }

  async function tokens({ clientId, nonce, authTime, family }: Signed): Promise<Response> {
    const now = Math.floor(Date.now() / 1000)
    const access_token = `access-${randomUUID()}`
    const half = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(access_token))).subarray(
      0,
      16,
    )
    const claims = {
      iss: issuer,
      aud: clientId,
      sub: 'ada',
      exp: now + 300,
      iat: now,
      auth_time: authTime,
      nonce: nonce ?? undefined,
      at_hash: half.toString('base64url'),
      ...faults.claims,
    }
    const id_token = nonce || faults.claims ? await idToken(claims) : undefined
    const refresh_token = `refresh-${randomUUID()}`
    issued.push(access_token, refresh_token, id_token ?? access_token)
    grants.set(access_token, { clientId, kind: 'access', nonce, authTime, family })
    grants.set(refresh_token, { clientId, kind: 'refresh', nonce, authTime, family })
    return json({ access_token, token_type: 'Bearer', expires_in: 3600, refresh_token, id_token, ...faults.token })
  }

  const fetch = async (...given: Parameters<typeof globalThis.fetch>): Promise<Response> => {
    const { url, init } = await givenToFetch(...given)
    const body = new URLSearchParams(init.body as URLSearchParams)
    requests.push({ url, init, body })
    if (init.signal?.aborted) throw init.signal.reason
    if (url === metadata.token_endpoint) return token(body)
    const bearer = new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? ''
    const good = grants.get(bearer)?.kind === 'access'
    if (url === metadata.revocation_endpoint) {
      if (faults.revoke) return faults.revoke(body)
      const token = body.get('token') ?? ''
      // A refresh token takes all that came of it with it, also where it is spent (RFC 7009 §2.1).
      const { family } = grants.get(token)?.kind === 'access' ? {} : (grants.get(token) ?? spent.get(token) ?? {})
      grants.delete(token)
      if (family) endFamily(family)
      return new Response()
    }
    if (url === metadata.userinfo_endpoint) return good ? json({ sub: 'ada', name: 'Ada' }) : json({}, 401)
    if (url.startsWith(API)) {
      if (faults.api) return faults.api(new Request(url, init), good)
      return good ? json({ hello: 'ada' }) : new Response(null, { status: 401 })
    }
    if (url === metadata.jwks_uri) {
      if (faults.jwks) return faults.jwks()
      const jwk = await crypto.subtle.exportKey('jwk', signing!.publicKey)
      return json({ keys: [{ ...jwk, kid: 'k', use: 'sig', alg: 'RS256' }] })
    }
    if (url === `${issuer}/.well-known/openid-configuration`) return json(metadata)
    return new Response('not found', { status: 404 })
  }

  return {
    /** May be changed while it runs. */
    faults,
    issuer,
    metadata,
    requests,
    /** Every code and token it gave away. */
    issued,
    fetch,
    /** Makes a token worthless, as an administrator or a thief would. */
    withdraw: (token: string) => grants.delete(token),
    /** Whether a token is good. */
    isGood: (token: string) => grants.has(token),
    reused,
    /** Which sign-in a good or spent token comes from. */
    familyOf: (token: string) => (grants.get(token) ?? spent.get(token))?.family,
    /** The callback URL that a person who signs in would land on. */
    authorize(url: URL | string): URL {
      const asked = new URL(url).searchParams
      const code = `code-${randomUUID()}`
      issued.push(code)
      codes.set(code, {
        nonce: asked.get('nonce'),
        challenge: asked.get('code_challenge'),
        redirectUri: asked.get('redirect_uri'),
        scope: asked.get('scope'),
        clientId: asked.get('client_id') ?? '',
      })
      const answer = { code, state: asked.get('state') ?? '', iss: issuer }
      const callback = new URL(asked.get('redirect_uri') ?? '')
      if (asked.get('response_mode') === 'fragment') callback.hash = `${new URLSearchParams(answer)}`
      else for (const [name, value] of Object.entries(answer)) callback.searchParams.set(name, value)
      return callback
    },
  }
}
