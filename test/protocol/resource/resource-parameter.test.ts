import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import { createSessionClient } from '../../../src/index.js'
import {
  allowInsecureLoopback,
  discoverResource,
  discoverServerOf,
  identifyClient,
  memoryRegistrations,
  resourceParameter,
} from '../../../src/protocol.js'
import { defineProvider, entra } from '../../../src/providers.js'
import { listen } from '../../helpers/loopback.js'
import { createPerson } from '../../helpers/person.js'
import { travelBy } from '../../helpers/sign-in-attempt.js'

const redirectUri = 'http://127.0.0.1:49152/callback'
const insecure = allowInsecureLoopback
let as: RunningProvider
let api: Awaited<ReturnType<typeof listen>>
let resource: string

beforeAll(async () => {
  globalThis.indexedDB = new IDBFactory()
  as = await startProvider({
    ...browserClient('unused', [redirectUri]),
    scopes: ['openid', 'offline_access', 'read'],
    issueRefreshToken: () => true,
    features: {
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'https://default.example/',
        useGrantedResource: () => false,
        getResourceServerInfo: (_ctx, audience) => ({ scope: 'read', audience }),
      },
    },
  })
  // An API that asks the server what a token is good for, and takes only its own.
  api = await listen(async (request, response) => {
    const send = (status: number, headers: Record<string, string>, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    const metadata = new URL('/.well-known/oauth-protected-resource/mcp', resource).href
    if (request.url === '/.well-known/oauth-protected-resource/mcp')
      return send(200, {}, { resource, authorization_servers: [as.issuer], scopes_supported: ['other'] })
    const token = `${request.headers.authorization}`.replace('Bearer ', '')
    if ((await as.provider.AccessToken.find(token))?.aud === resource) return send(200, {}, { hello: 'ada' })
    send(401, { 'www-authenticate': `Bearer scope="read", resource_metadata="${metadata}"` }, {})
  })
  resource = `http://127.0.0.1:${api.port}/mcp`
})
afterAll(async () => {
  await api.close()
  await as.close()
})

/** From a 401 to a session, with what was asked of the server on the way. */
async function signIn(withResource: (named: string) => string | undefined) {
  const found = await discoverResource(resource, { response: await fetch(resource), insecure })
  const server = await discoverServerOf(found, { insecure })
  const registrations = memoryRegistrations()
  const client = await identifyClient(server, { redirectUri, register: {}, registrations, insecure })
  const bodies: URLSearchParams[] = []
  const auth = createSessionClient({
    issuer: server.issuer,
    metadata: server,
    clientId: client.clientId,
    clientAuth: client.clientAuth,
    redirectUri,
    scope: found.scope,
    resource: withResource(found.resource),
    insecure,
    fetch: async (url, init) => {
      if (String(url) === server.token_endpoint) bodies.push(new URLSearchParams(init.body))
      return fetch(url, init)
    },
    userAgent: travelBy((url) => {
      bodies.push(url.searchParams)
      return createPerson().travel(url, redirectUri)
    }),
  })
  await auth.signIn()
  const call = async (token: string) =>
    (await fetch(resource, { headers: { authorization: `Bearer ${token}` } })).status
  const statuses = [await call(await auth.getAccessToken()), await call(await auth.getAccessToken({ fresh: true }))]
  auth.close()
  return { bodies, statuses, scope: found.scope }
}

it('is in the authorization, the token and the refresh request, so that the API takes every token', async () => {
  const { bodies, statuses, scope } = await signIn((named) => resourceParameter({ resource: named }))
  expect(scope).toBe('read')
  expect(bodies.map((body) => [body.get('grant_type'), body.getAll('resource')])).toEqual([
    [null, [resource]],
    ['authorization_code', [resource]],
    ['refresh_token', [resource]],
  ])
  expect(statuses).toEqual([200, 200])
})

it('makes the difference: the same server issues tokens for another API without it', async () => {
  const { bodies, statuses } = await signIn(() => undefined)
  expect(bodies.map((body) => body.getAll('resource'))).toEqual([[], [], []])
  expect(statuses).toEqual([401, 401])
})

it('is left out only for a provider that is known to refuse it', () => {
  const found = { resource: 'https://mcp.example' }
  const about = { name: 'A', reason: 'It answers invalid_target to every resource.' }
  const refusing = defineProvider({ ...about, resourceRefused: 'only the scope says which API a token is for' })
  expect(resourceParameter(found)).toBe('https://mcp.example')
  expect(resourceParameter(found, defineProvider(about))).toBe('https://mcp.example')
  expect(resourceParameter(found, refusing)).toBeUndefined()
  const { provider } = entra({ tenant: '11111111-2222-3333-4444-555555555555' })
  expect(resourceParameter(found, provider)).toBeUndefined()
  expect(() => defineProvider({ ...about, resourceRefused: 'yes' as never })).toThrow(/only value/)
})
