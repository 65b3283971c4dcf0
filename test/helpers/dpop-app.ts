import { createSessionClient, dpop, type ProofkeyEvent, type SessionClientConfig } from '../../src/index.js'
import { givenToFetch } from './given-to-fetch.js'
import { createNonces, createProofCheck, readProof } from './proof.js'
import { API, createServer, type Faults } from './server.js'
import { travelBy } from './sign-in-attempt.js'

/** What else can go wrong where tokens are tied to keys. */
export interface DpopFaults extends Faults {
  /** The API wants another nonce each time, whatever it is shown. */
  neverEnough?: boolean
  /** Neither server ever asks for a nonce. */
  noNonces?: boolean
  /** The servers' clocks, ahead of ours by so much; a proof must fit them. */
  aheadMs?: number
}

/**
 * The server of `server.ts` and its API behind checks of proofs (RFC 9449): codes, refresh tokens and access tokens are
 * tied to the key they were asked for with, and each answer, also a refusal, brings a new nonce that alone is good.
 */
export function createDpopApp(faults: DpopFaults = {}, config: Partial<SessionClientConfig> = {}) {
  const server = createServer(faults)
  const [asNonces, rsNonces] = [createNonces(), createNonces()]
  const checks = {
    as: createProofCheck(faults.noNonces ? undefined : asNonces),
    rs: createProofCheck(faults.noNonces ? undefined : { isGood: (n) => !faults.neverEnough && rsNonces.isGood(n) }),
  }
  /** Which key each code and token is tied to. */
  const ties = new Map<string, string | null>()
  /** Every request that was shown to a check, and what the check said. */
  const log: { url: string; proof: string; said: string }[] = []

  async function answer(url: string, init: RequestInit): Promise<Response> {
    const atApi = url.startsWith(API)
    if (!atApi && !/\/(token|userinfo)$/.test(url)) return server.fetch(url, init)
    const headers = new Headers(init.headers)
    const { method = 'GET' } = init
    const found = (atApi ? checks.rs : checks.as)({ method, url, headers })
    const [, token = ''] = /^DPoP (.+)$/.exec(headers.get('authorization') ?? '') ?? []
    let error = 'error' in found ? found.error : undefined
    const body = new URLSearchParams(`${init.body ?? ''}`)
    const shown = 'jkt' in found ? found.jkt : undefined
    const isToken = url.endsWith('/token')
    const tied = ties.get(isToken ? (body.get('code') ?? body.get('refresh_token') ?? '') : token)
    if (!error && (isToken ? tied && tied !== shown : tied !== shown))
      error = isToken ? 'invalid_grant' : 'invalid_token'
    log.push({ url, proof: headers.get('dpop') ?? '', said: error ?? 'good' })
    if (error && isToken) return Response.json({ error }, { status: 400 })
    if (error) return new Response(null, { status: 401, headers: { 'www-authenticate': `DPoP error="${error}"` } })
    if (token) headers.set('authorization', `Bearer ${token}`)
    // The server behind knows nothing of keys.
    headers.delete('dpop')
    const response = await server.fetch(url, { ...init, headers, ...(!isToken && { body: null }) })
    if (!isToken || !response.ok) return response
    const given = await response.json()
    for (const name of ['access_token', 'refresh_token']) ties.set(given[name], shown ?? null)
    return Response.json({ ...given, token_type: 'DPoP', ...faults.token })
  }

  const fetch: typeof globalThis.fetch = async (...given) => {
    const { url, init } = await givenToFetch(...given)
    const response = await answer(url, init)
    if (faults.noNonces) return response
    const headers = new Headers(response.headers)
    headers.set('dpop-nonce', (url.startsWith(API) ? rsNonces : asNonces).next())
    return new Response(response.body, { status: response.status, headers })
  }

  /** The callback of a person who signs in; the code is tied to the key that the request names (RFC 9449 §10). */
  async function authorize(url: URL): Promise<URL> {
    const callback = await server.visit(url)
    ties.set(callback.searchParams.get('code') ?? '', url.searchParams.get('dpop_jkt'))
    return callback
  }
  const userAgent = travelBy(authorize)

  return {
    server,
    fetch,
    faults,
    authorize,
    ties,
    log,
    nonces: { as: asNonces.given, rs: rsNonces.given },
    proofs: () => log.filter(({ proof }) => proof).map(({ url, proof }) => ({ url, ...readProof(proof) })),
    /** A client as one tab has it, and what it reports. */
    tab(more: Partial<SessionClientConfig> = {}) {
      const auth = createSessionClient({
        issuer: server.issuer,
        clientId: 'spa',
        redirectUri: 'https://app.example/callback',
        scope: 'openid',
        fetch,
        userAgent,
        apis: { [API]: {} },
        dpop: dpop(),
        ...config,
        ...more,
      })
      const events: ProofkeyEvent[] = []
      auth.subscribe((event) => events.push(event))
      return { auth, events, types: () => events.map(({ type }) => type) }
    },
  }
}
