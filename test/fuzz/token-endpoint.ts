import type { PublicJwk, Transaction } from '../../src/protocol.js'

export const ISSUER = 'https://as.example'
export const NONCE = 'nonce-of-this-sign-in'
export const VERIFIER = 'verifier-'.repeat(5)
export const CLIENT_ID = 'web'
export const CALLBACK = `https://app.example/callback?code=the-code&state=the-state&iss=${encodeURIComponent(ISSUER)}`

/** Inputs are made and checked by one time, so that a long run keeps its honest tokens. */
const START_MS = Date.now()

/** One sign-in that waits for its callback. */
export const transaction = (changed: Partial<Transaction> = {}): Transaction => ({
  server: {
    issuer: ISSUER,
    token_endpoint: `${ISSUER}/token`,
    jwks_uri: `${ISSUER}/jwks`,
    id_token_signing_alg_values_supported: ['ES256'],
  } as Transaction['server'],
  clientId: CLIENT_ID,
  redirectUri: 'https://app.example/callback',
  state: 'the-state',
  codeVerifier: VERIFIER,
  scope: 'openid profile',
  idToken: { required: true, nonce: NONCE, requestedAtMs: START_MS },
  expiresAtMs: START_MS + 86_400_000,
  ...changed,
})

/** What an honest ID token claims. */
export const honestClaims = (): Record<string, unknown> => {
  const now = Math.floor(START_MS / 1000)
  return {
    iss: ISSUER,
    aud: CLIENT_ID,
    sub: 'ada',
    iat: now,
    exp: now + 86_400,
    nonce: NONCE,
    auth_time: now,
    acr: 'gold',
  }
}

/** A `fetch` whose token endpoint answers with this text, whose JWKS has this key. */
export const answering = (text: string, { status = 200, type = 'application/json', jwk }: Answer = {}) =>
  (async (input: RequestInfo | URL) =>
    String(input).endsWith('/jwks')
      ? Response.json({ keys: [jwk] })
      : new Response(text, { status, headers: type ? { 'content-type': type } : {} })) as typeof fetch

interface Answer {
  readonly status?: number
  readonly type?: string
  readonly jwk?: PublicJwk
}
