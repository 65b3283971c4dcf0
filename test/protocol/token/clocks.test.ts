import { describe, expect, it } from 'vitest'
import { idTokenPolicy } from '../../../src/protocol/jose/id-token.js'
import { refreshTokens } from '../../../src/protocol/token/refresh.js'
import {
  type AuthorizationRequest,
  beginAuthorization,
  checkMetadata,
  completeAuthorization,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { createServer } from '../../helpers/server.js'

const MINUTES = 600
const DAY = 86_400
const YEARS = 315_360_000

const now = () => Math.floor(Date.now() / 1000)

/** The same answers, with the server's `Date`. */
const dated =
  (fetch: typeof globalThis.fetch, seconds: number): typeof globalThis.fetch =>
  async (...request) => {
    const { body, headers, status } = await fetch(...request)
    const date = new Date(seconds * 1000).toUTCString()
    return new Response(body, { status, headers: { ...Object.fromEntries(headers), date } })
  }

interface Attempt {
  /** The server's time minus ours. */
  readonly ahead: number
  readonly date?: boolean
  readonly claims?: (serverNow: number) => Record<string, unknown>
  readonly request?: Partial<AuthorizationRequest>
}

async function signIn({ ahead, date = false, claims = () => ({}), request }: Attempt) {
  const then = now() + ahead
  const times = { iat: then, nbf: then, exp: then + 300, auth_time: then }
  const server = createServer({ claims: { ...times, ...claims(then) } })
  const { url, transaction } = await beginAuthorization(checkMetadata(server.metadata, server.issuer), {
    clientId: 'spa',
    redirectUri: 'https://app.example/callback',
    scope: 'openid',
    ...request,
  })
  const fetch = date ? dated(server.fetch, then) : server.fetch
  return completeAuthorization(transaction, await server.visit(url), { fetch })
}

describe.each([
  { date: true, what: 'with a Date header' },
  { date: false, what: 'without a Date header' },
])('$what', ({ date }) => {
  describe.each([0, MINUTES, -MINUTES, DAY, -DAY, YEARS, -YEARS])('a server %i s ahead of this clock', (ahead) => {
    it('signs in', async () => {
      await expect(signIn({ ahead, date })).resolves.toHaveProperty('claims.sub', 'ada')
    })

    it('that back-dates iat by 300 s, as Entra does, signs in', async () => {
      const claims = (then: number) => ({ iat: then - 300, nbf: then - 300, exp: then + 3600, auth_time: undefined })
      await expect(signIn({ ahead, date, claims })).resolves.toHaveProperty('claims.sub', 'ada')
    })

    it('steps up, and a sign-in from before the request is none', async () => {
      const request = { maxAgeSeconds: 0 }
      await expect(signIn({ ahead, date, request })).resolves.toHaveProperty('claims.sub', 'ada')
      const claims = (then: number) => ({ auth_time: then - 60 })
      const error = await refusal(signIn({ ahead, date, request, claims }), 'id_token_invalid')
      expect(error.claim).toBe('auth_time')
    })

    it('is held to its own times', async () => {
      const expired = await refusal(signIn({ ahead, date, claims: (then) => ({ exp: then - 20 }) }), 'id_token_invalid')
      expect(expired.claim).toBe('exp')
      const early = await refusal(signIn({ ahead, date, claims: (then) => ({ nbf: then + 600 }) }), 'id_token_invalid')
      expect(early.claim).toBe('nbf')
    })

    it('refreshes', async () => {
      const { claims, tokens } = await signIn({ ahead, date })
      const then = now() + ahead
      const server = createServer()
      const later = { iat: then + 7200, nbf: then + 7200, exp: then + 7500, at_hash: undefined }
      const again = await signIn({ ahead, date, claims: () => later })
      const { idToken: id_token } = again.tokens
      const fetch = async () => Response.json({ access_token: 'a', token_type: 'Bearer', id_token })
      const grant = refreshTokens(server.metadata, 'spa', `${tokens.refreshToken}`, {
        fetch: date ? dated(fetch, then + 7200) : fetch,
        previousClaims: { ...claims!, nonce: `${again.claims?.nonce}` },
      })
      await expect(grant).resolves.toHaveProperty('claims.iat', then + 7200)
    })
  })

  it('a back-dated iat hides no sign-in from before the request, where the time is known', async () => {
    const claims = (then: number) => ({ iat: then - 300, nbf: undefined, auth_time: then - 60 })
    const attempt = signIn({ ahead: 0, date, claims, request: { maxAgeSeconds: 0 } })
    if (date) await refusal(attempt, 'id_token_invalid')
    else await expect(attempt).resolves.toBeDefined()
  })
})

describe('without a nonce', () => {
  /** The same sign-in, which sent no nonce. */
  async function plain(ahead: number, date: boolean, older = 0) {
    const then = now() + ahead
    const server = createServer({ claims: { iat: then - older, exp: then - older + 300, nonce: undefined } })
    const { url, transaction } = await beginAuthorization(checkMetadata(server.metadata, server.issuer), {
      clientId: 'spa',
      redirectUri: 'https://app.example/callback',
      scope: 'api',
    })
    const idToken = idTokenPolicy({}, { requestedAtMs: Date.now() })
    const fetch = date ? dated(server.fetch, then) : server.fetch
    return completeAuthorization({ ...transaction, idToken }, await server.visit(url), { fetch })
  }

  it.each([0, MINUTES, -MINUTES, DAY, -DAY, YEARS])('a server %i s ahead of this clock signs in', async (ahead) => {
    await expect(plain(ahead, false)).resolves.toHaveProperty('claims.sub', 'ada')
    await expect(plain(ahead, true)).resolves.toHaveProperty('claims.sub', 'ada')
  })

  it('a token far older than the request is refused', async () => {
    expect((await refusal(plain(0, false, YEARS), 'id_token_invalid')).claim).toBe('iat')
    await refusal(plain(YEARS, true, YEARS), 'id_token_invalid')
    // With the server's time known, its own expiry counts.
    expect((await refusal(plain(MINUTES, true, 7200), 'id_token_invalid')).claim).toBe('exp')
  })
})
