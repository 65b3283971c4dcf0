import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import { allowInsecureLoopback, createSessionClient, getUserInfo, type SessionClientConfig } from '../../src/index.js'
import { createPerson } from '../helpers/person.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

const redirectUri = 'https://app.example/callback'
const [ONE, TWO] = ['https://one.example/', 'https://two.example/'] as const
let running: RunningProvider
beforeAll(async () => {
  globalThis.indexedDB = new IDBFactory()
  const base = browserClient('spa', [redirectUri])
  running = await startProvider({
    ...base,
    clients: [{ ...base.clients![0]!, grant_types: ['authorization_code', 'refresh_token'] }],
    scopes: ['openid', 'offline_access', 'read'],
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({ scope: 'read', audience: resource }),
      },
    },
  })
})
afterAll(() => running.close())

function client(config: Partial<SessionClientConfig>) {
  const userAgent = travelBy((url) => createPerson().travel(url, redirectUri))
  return createSessionClient({
    issuer: running.issuer,
    clientId: 'spa',
    redirectUri,
    scope: 'openid read',
    insecure: allowInsecureLoopback,
    userAgent,
    ...config,
  })
}

/** Which resource server an access token is good for, as the server says (RFC 7662 §2.2). */
const audienceOf = async (token: string) => (await running.provider.AccessToken.find(token))?.aud

describe('resource servers (RFC 8707) of a server that gives each a token of its own', () => {
  it('get one where `apis` names them; the sign-in’s own is for userinfo', async () => {
    const auth = client({
      apis: { 'https://one.example': { resource: ONE }, 'https://two.example': { resource: TWO } },
    })
    await auth.signIn()
    for (const resource of [ONE, TWO]) {
      expect(await audienceOf(await auth.getAccessToken({ resource }))).toBe(resource)
    }
    await expect(getUserInfo(auth)).resolves.toHaveProperty('sub', auth.session?.claims?.sub)
    auth.close()
  })

  it('get one where `resource` names them; the sign-in’s own is for the first', async () => {
    const auth = client({ resource: [ONE, TWO] })
    await auth.signIn()
    for (const [resource, wish] of [
      [ONE, {}],
      [TWO, { resource: TWO }],
      [ONE, { resource: ONE }],
      [ONE, { scope: 'read' }],
    ] as const) {
      expect(await audienceOf(await auth.getAccessToken(wish))).toBe(resource)
    }
    auth.close()
  })

  it('of one sign-in only, are those that its refreshes are for', async () => {
    const auth = client({})
    await auth.signIn({ resource: ONE })
    const first = await auth.getAccessToken()
    expect(await audienceOf(first)).toBe(ONE)
    expect(await audienceOf(await auth.getAccessToken({ scope: 'read' }))).toBe(ONE)
    auth.close()
  })

  it('that were not asked for at the sign-in are refused by the server', async () => {
    const auth = client({ apis: { 'https://one.example': { resource: ONE } } })
    await auth.signIn()
    await expect(auth.getAccessToken({ resource: TWO })).rejects.toMatchObject({
      code: 'token_request_refused',
      serverError: { error: 'invalid_target' },
    })
    expect(auth.session).toBeDefined()
    auth.close()
  })
})
