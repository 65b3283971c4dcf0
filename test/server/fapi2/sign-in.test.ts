import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApiFetch, createSessionClient, dpop, fapi2, memoryVault, registerInstance } from '../../../src/index.js'
import { createServerClient, privateKeyJwt } from '../../../src/server.js'
import { createFapiApp, ownDpop, TYPED } from '../../helpers/fapi-app.js'
import { type FapiServer, REDIRECT_URI, startFapiServer } from '../../helpers/fapi-server.js'
import { createPerson } from '../../helpers/person.js'
import { FROM_PAGE } from '../../helpers/server-session-app.js'
import { travelBy } from '../../helpers/sign-in-attempt.js'

let server: FapiServer
beforeAll(async () => {
  server = await startFapiServer()
})
afterAll(() => server.close())
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  server.requests.length = 0
})

const choices = (clientId: string) => {
  const [authentication, constraint] = clientId.split('-')
  return {
    clientAuth: authentication === 'jwt' ? privateKeyJwt(server.jwk) : server.certificate,
    senderConstrained: constraint === 'dpop' ? ownDpop() : server.certificate,
  } as Parameters<typeof fapi2>[0]
}

describe.each(['jwt-dpop', 'jwt-certificate', 'mtls-dpop', 'mtls-certificate'])(
  'oidc-provider with FAPI 2.0, a client of the kind %s',
  (clientId) => {
    it('signs in, calls an API, and refreshes, with a session on the server', async () => {
      const app = createFapiApp(server, clientId, fapi2(choices(clientId)))
      expect((await app.signIn('?returnTo=/orders')).headers.get('location')).toBe('/orders')
      const request = () => app.request('/orders')
      const me = async () => {
        const { response } = await app.auth.fetch(request(), `${server.issuer}/me`)
        return [response.status, await response.json()]
      }
      expect(await me()).toEqual([200, { sub: 'ada' }])
      const tokens = new Set<string>()
      for (const fresh of [false, true, true])
        tokens.add((await app.auth.getAccessToken(request(), { fresh })).accessToken)
      expect(tokens.size).toBe(3)
      expect(await me()).toEqual([200, { sub: 'ada' }])
    })

    it('forwards calls of the page to an API, with the key or the certificate of its tokens', async () => {
      const app = createFapiApp(server, clientId, fapi2(choices(clientId)))
      await app.signIn()
      const forwarded = async (headers: HeadersInit) =>
        app.auth.forward(app.request('/api/me', headers), { to: server.issuer, path: '/api/*' })
      expect(await (await forwarded(FROM_PAGE)).json()).toEqual({ sub: 'ada' })
      await app.auth.getAccessToken(app.request('/orders'), { fresh: true })
      expect(await (await forwarded(FROM_PAGE)).json()).toEqual({ sub: 'ada' })
      expect((await forwarded(TYPED)).status).toBe(403)
      // The same token without its key or certificate is of no use.
      const { accessToken } = await app.auth.getAccessToken(app.request('/orders'))
      for (const scheme of ['Bearer', 'DPoP']) {
        const headers = { authorization: `${scheme} ${accessToken}` }
        expect((await server.fetch(`${server.issuer}/me`, { headers })).ok).toBe(false)
      }
    })

    it('signs in and refreshes without a session', async () => {
      const { issuer, fetch } = server
      const app = createServerClient({
        ...{ issuer, clientId, redirectUri: REDIRECT_URI, scope: 'openid', fetch },
        ...fapi2(choices(clientId)),
        vault: memoryVault({ maxRecords: 5 }) as never,
      })
      const start = await app.signIn(new Request(new URL('/login', REDIRECT_URI), { headers: TYPED }))
      const callback = await createPerson('ada', fetch).travel(`${start.headers.get('location')}`, REDIRECT_URI)
      const cookie = start.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      const { tokens, claims } = await app.handleCallback(new Request(callback, { headers: { cookie } }))
      expect([claims?.sub, tokens.tokenType]).toEqual(['ada', clientId.endsWith('dpop') ? 'dpop' : 'bearer'])
      const refreshed = await app.refresh(`${tokens.refreshToken}`, { previousClaims: claims })
      expect(refreshed.tokens.accessToken).not.toBe(tokens.accessToken)
    })
  },
)

it('a browser signs in as an instance with keys of its own', async () => {
  const { issuer, fetch } = server
  const additionalMetadata = { id_token_signed_response_alg: 'PS256', dpop_bound_access_tokens: true }
  const options = { issuer, redirectUri: REDIRECT_URI, fetch, additionalMetadata }
  const { clientId, clientAuth } = await registerInstance(options)
  const auth = createSessionClient({
    ...{ issuer, clientId, redirectUri: REDIRECT_URI, scope: 'openid offline_access', apis: { [issuer]: {} } },
    ...{ fetch, vault: memoryVault(), prompt: 'consent' },
    userAgent: travelBy((url) => createPerson('ada', fetch).travel(url, REDIRECT_URI)),
    ...fapi2({ clientAuth, senderConstrained: dpop() }),
  })
  const result = await auth.signIn()
  expect(result?.tokens.tokenType satisfies 'dpop' | undefined).toBe('dpop')
  await auth.getAccessToken({ fresh: true })
  expect(await (await createApiFetch(auth)(`${issuer}/me`)).json()).toEqual({ sub: 'ada' })
  auth.close()
})
