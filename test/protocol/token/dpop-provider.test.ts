import { randomBytes } from 'node:crypto'
import { IDBFactory } from 'fake-indexeddb'
import { fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { givenToFetch } from '../../helpers/given-to-fetch.js'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import { createSessionClient, dpop, getUserInfo, type SessionClientConfig, sealedSessions } from '../../../src/index.js'
import { refreshTokens } from '../../../src/protocol/token/refresh.js'
import {
  allowInsecureLoopback,
  beginAuthorization,
  type CheckedMetadata,
  clientSecretBasic,
  completeAuthorization,
  createDpop,
  createSigningKey,
  type Dpop,
  discover,
  privateKeyJwt,
} from '../../../src/protocol.js'
import { createPerson } from '../../helpers/person.js'
import { readProof } from '../../helpers/proof.js'
import { refusal } from '../../helpers/refusal.js'
import { travelBy } from '../../helpers/sign-in-attempt.js'
import { signingKey } from '../../helpers/tls.js'

/** A real authorization server that wants a nonce of its own in every proof, and takes each proof and assertion once. */
const redirectUri = 'https://app.example/callback'
const insecure = allowInsecureLoopback
const assertionKey = await signingKey('ES256')
const secret = 'a secret of thirty-two bytes or more'

let running: RunningProvider
let server: CheckedMetadata
/** What the token endpoint was sent and said, in turn. */
const posts: { body: URLSearchParams; proof: string; status: number }[] = []

const watching: typeof fetch = async (...given) => {
  const { url, init } = await givenToFetch(...given)
  const response = await fetch(url, init)
  if (url.endsWith('/token')) {
    const proof = new Headers(init.headers).get('dpop') ?? ''
    posts.push({ body: new URLSearchParams(String(init.body)), proof, status: response.status })
  }
  return response
}

beforeAll(async () => {
  const base = browserClient('spa', [redirectUri])
  const confidential = { redirect_uris: [redirectUri], grant_types: ['authorization_code', 'refresh_token'] }
  running = await startProvider({
    ...base,
    clients: [
      { ...base.clients![0]!, grant_types: confidential.grant_types, dpop_bound_access_tokens: true },
      { client_id: 'loose', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
      { ...confidential, client_id: 'basic', client_secret: secret },
      {
        ...confidential,
        client_id: 'assertion',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...assertionKey.publicJwk, kid: 'k', use: 'sig', key_ops: undefined }] } as never,
      },
    ],
    clientAuthMethods: ['none', 'client_secret_basic', 'private_key_jwt'],
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: {
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true, allowReplay: false },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
  })
  server = await discover(running.issuer, { insecure })
})
afterAll(() => running.close())
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  posts.length = 0
})

const newDpop = async (): Promise<Dpop> => {
  const key = await createSigningKey()
  return createDpop(async () => key)
}
const person = travelBy((url) => createPerson().travel(url, redirectUri))
const tab = (more: Partial<SessionClientConfig> = {}) =>
  createSessionClient({
    issuer: running.issuer,
    clientId: 'spa',
    redirectUri,
    scope: 'openid profile',
    insecure,
    fetch: watching,
    userAgent: person,
    dpop: dpop(),
    sessionStore: sealedSessions(),
    ...more,
  })

/** As far as the callback. */
async function travel(clientId: string, by: Dpop | undefined) {
  const { url, transaction } = await beginAuthorization(server, {
    clientId,
    redirectUri,
    scope: 'openid',
    insecure,
    dpop: by,
  })
  return { transaction, callback: await createPerson().travel(url, redirectUri) }
}
const options = (by: Dpop | undefined) => ({ insecure, fetch: watching, dpop: by })
const meUrl = () => String(server.userinfo_endpoint)

describe('with a server that wants nonces', () => {
  it('signs in and refreshes by the fetch of undici, which does not accept the Request of this runtime', async () => {
    const by = await newDpop()
    const { transaction, callback } = await travel('spa', by)
    const config = { insecure, dpop: by, fetch: undiciFetch }
    const { tokens } = await completeAuthorization(transaction, callback, config)
    expect(tokens.tokenType).toBe('dpop')
    const renewed = await refreshTokens(server, 'spa', `${tokens.refreshToken}`, config)
    expect(renewed.tokens.tokenType).toBe('dpop')
  })

  it('a session signs in, refreshes, asks who it is and signs out, and every proof is new', async () => {
    const auth = tab()
    const result = await auth.signIn()
    expect(result?.tokens.tokenType).toBe('dpop')
    expect((await running.provider.AccessToken.find(result!.tokens.accessToken))?.['jkt']).toMatch(/^[\w-]{43}$/)
    expect(await getUserInfo(auth)).toMatchObject({ sub: 'ada' })
    const renewed = await auth.getAccessToken({ scope: 'openid' })
    expect(renewed).not.toBe(result?.tokens.accessToken)
    auth.close()

    // As after a reload: the key is found, the nonce is not.
    const reloaded = tab()
    await reloaded.restore()
    await reloaded.getAccessToken({ scope: 'profile' })
    expect(await getUserInfo(reloaded)).toMatchObject({ sub: 'ada' })
    await reloaded.signOut({ atServer: false })
    expect(await running.provider.AccessToken.find(result!.tokens.accessToken)).toBeUndefined()
    reloaded.close()

    const jtis = posts.map(({ proof }) => readProof(proof).claims['jti'])
    expect(new Set(jtis).size).toBe(jtis.length)
    // The first request of each page is the one that learns the nonce.
    expect(posts.slice(0, 3).map(({ status }) => status)).toEqual([400, 200, 200])
    expect(posts[3]?.status).toBe(400)
    expect(posts.filter(({ status }) => status === 400)).toHaveLength(2)
  })

  it('an assertion is made anew with the proof: both are good once', async () => {
    const by = await newDpop()
    const clientAuth = privateKeyJwt(assertionKey.jwk, { keyId: 'k' })
    const { transaction, callback } = await travel('assertion', by)
    const { tokens } = await completeAuthorization(transaction, callback, { ...options(by), clientAuth })
    await refreshTokens(server, 'assertion', tokens.refreshToken!, { ...options(by), clientAuth })
    expect(posts.map(({ status }) => status)).toEqual([400, 200, 200])
    for (const texts of [posts.map(({ body }) => body.get('client_assertion')!), posts.map(({ proof }) => proof)])
      expect(new Set(texts.map((text) => readProof(text).claims['jti'])).size).toBe(3)
  })

  it('a client secret stands beside the proof', async () => {
    const by = await newDpop()
    const { transaction, callback } = await travel('basic', by)
    const clientAuth = clientSecretBasic(secret)
    const { tokens } = await completeAuthorization(transaction, callback, { ...options(by), clientAuth })
    expect(tokens.tokenType).toBe('dpop')
  })
})

describe('the server refuses', () => {
  it('a code with another key than the one it was asked for with', async () => {
    const by = await newDpop()
    const { transaction, callback } = await travel('spa', by)
    const error = await refusal(
      completeAuthorization(transaction, callback, options(await newDpop())),
      'token_request_refused',
    )
    expect(error.serverError?.error).toBe('invalid_grant')
    const { transaction: own, callback: good } = await travel('spa', by)
    await completeAuthorization(own, good, options(by))
  })

  it('a refresh token with another key, or with none', async () => {
    const by = await newDpop()
    const { transaction, callback } = await travel('spa', by)
    const { tokens } = await completeAuthorization(transaction, callback, options(by))
    for (const wrong of [await newDpop(), undefined])
      await refusal(refreshTokens(server, 'spa', tokens.refreshToken!, options(wrong)), 'token_request_refused')
    const { tokens: next } = await refreshTokens(server, 'spa', tokens.refreshToken!, options(by))
    expect(next.tokenType).toBe('dpop')
  })

  it('a stolen access token: as Bearer, without its key, with a proof that was used, or of another request', async () => {
    const by = await newDpop()
    const { transaction, callback } = await travel('spa', by)
    const { tokens } = await completeAuthorization(transaction, callback, options(by))
    const authorization = `DPoP ${tokens.accessToken}`
    const seen: string[] = []
    const remembering: typeof fetch = async (input, init) => {
      seen.push(new Request(input, init).headers.get('dpop') ?? '')
      return fetch(input, init)
    }
    const ask = (of: Dpop) =>
      of.attempt('x', ({ fetch }) => fetch(meUrl(), { headers: { authorization } }), { fetch: remembering })
    expect((await ask(by)).status).toBe(200)
    const replay = (dpop: string, method = 'GET') => fetch(meUrl(), { method, headers: { authorization, dpop } })
    expect((await fetch(meUrl(), { headers: { authorization: `Bearer ${tokens.accessToken}` } })).status).toBe(401)
    expect((await fetch(meUrl(), { headers: { authorization } })).status).toBe(400)
    expect((await ask(await newDpop())).status).toBe(401)
    expect((await replay(seen[1]!)).status).toBe(401)
    expect((await replay(seen[1]!, 'POST')).status).toBe(401)
    expect((await ask(by)).status).toBe(200)
  })
})

describe('the client refuses', () => {
  it('a Bearer token from a server that ignores the proof', async () => {
    const by = await newDpop()
    const { transaction, callback } = await travel('loose', undefined)
    const ignoring: typeof fetch = (input, init) => {
      const request = new Request(input, init)
      request.headers.delete('dpop')
      return fetch(request)
    }
    await refusal(
      completeAuthorization(transaction, callback, { insecure, dpop: by, fetch: ignoring }),
      'token_response_invalid',
    )
    // The same server with a client that wants no more.
    const other = await travel('loose', undefined)
    const { tokens } = await completeAuthorization(other.transaction, other.callback, { insecure, fetch: ignoring })
    expect(tokens.tokenType).toBe('bearer')
  })
})
