import { IDBFactory } from 'fake-indexeddb'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import { allowInsecureLoopback, createSessionClient, registerInstance } from '../../src/index.js'
import { inKeys } from '../helpers/keys.js'
import { createLocks } from '../helpers/locks.js'
import { createPerson } from '../helpers/person.js'
import { refusal } from '../helpers/refusal.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { tracesOf } from '../helpers/traces.js'

const redirectUri = 'https://app.example/callback'
let server: RunningProvider
/** What the server was asked to register, and how often. */
const asked: Record<string, unknown>[] = []
let change = (answer: Record<string, unknown>): Record<string, unknown> => answer

const watching: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  if (!String(input).endsWith('/reg')) return response
  asked.push(JSON.parse(String(init?.body)))
  return response.ok ? Response.json(change(await response.json()), { status: response.status }) : response
}

const options = () => ({ issuer: server.issuer, redirectUri, fetch: watching, insecure: allowInsecureLoopback })

beforeAll(async () => {
  server = await startProvider({
    ...browserClient('other', [redirectUri]),
    features: { registration: { enabled: true } },
    issueRefreshToken: () => true,
  })
})
afterAll(() => server.close())
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  asked.length = 0
  change = (answer) => answer
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

it('registers once, proves itself with its own key, and signs a person in', async () => {
  const { clientId, clientAuth } = await registerInstance({ ...options(), clientName: 'An app' })
  const again = await registerInstance(options())
  expect(again.clientId).toBe(clientId)
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({
    application_type: 'web',
    client_name: 'An app',
    token_endpoint_auth_method: 'private_key_jwt',
  })
  // Nothing private was sent.
  const { keys } = asked[0]!['jwks'] as { keys: object[] }
  expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']])

  const userAgent = travelBy((url) => createPerson().travel(url, redirectUri))
  // By the key as it was found again in the database.
  const config = { ...options(), clientId, scope: 'openid', userAgent }
  const auth = createSessionClient({ ...config, clientAuth: again.clientAuth })
  await auth.signIn()
  expect(auth.session?.claims?.sub).toBe('ada')
  auth.close()
  // The counterproof: the client id alone is worth nothing, nor is another instance's key.
  await refusal(createSessionClient(config).signIn(), 'token_request_refused')
  const { clientAuth: foreign } = await registerInstance({ ...options(), redirectUri: `${redirectUri}/2` })
  await refusal(createSessionClient({ ...config, clientAuth: foreign }).signIn(), 'token_request_refused')
  expect(clientAuth.method).toBe('private_key_jwt')
})

it('keeps a key that cannot be exported, and nothing that could be read', async () => {
  await registerInstance(options())
  const [record] = await inKeys('readonly', (records) => records.getAll())
  expect(record?.privateKey).toMatchObject({ type: 'private', extractable: false, usages: ['sign'] })
  await expect(crypto.subtle.exportKey('jwk', record.privateKey)).rejects.toThrow()
  expect(tracesOf('extractable', record)).toContain('plain')
})

it('asks nobody to register what could not be kept', async () => {
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('', 'DataCloneError')
  })
  await refusal(registerInstance(options()), 'storage_refused_key')
  vi.restoreAllMocks()
  expect(asked).toEqual([])
  await registerInstance(options())
  expect(asked).toHaveLength(1)
})

it.each(['lost', 'useless'])('registers anew where its key is %s', async (how) => {
  const first = await registerInstance(options())
  const name = `instance ${JSON.stringify([server.issuer, redirectUri])}`
  if (how === 'lost') await inKeys('readwrite', (records) => records.delete(name))
  else await inKeys('readwrite', (records) => records.put({ privateKey: {}, publicJwk: {} }, name))
  const second = await registerInstance(options())
  expect(second.clientId).not.toBe(first.clientId)
  expect((await registerInstance(options())).clientId).toBe(second.clientId)
})

it.each([
  ['one after the other, by a Web Lock', createLocks()],
  ['at once, where there are no Web Locks', undefined],
  [
    'at once, where the page may not use them',
    { request: () => Promise.reject(new DOMException('', 'SecurityError')) },
  ],
])('is one instance in ten tabs that register %s', async (_, locks) => {
  vi.stubGlobal('navigator', { locks })
  const instances = await Promise.all(Array.from({ length: 10 }, () => registerInstance(options())))
  expect(new Set(instances.map(({ clientId }) => clientId)).size).toBe(1)
  // The server has forgotten it; each tab hears that for itself.
  const ids = new Set()
  for (const instance of instances) {
    await instance.forget()
    ids.add((await registerInstance(options())).clientId)
  }
  expect(ids.size).toBe(1)
  expect(ids).not.toContain(instances[0]?.clientId)
})

it('registers anew once it was told to forget', async () => {
  const first = await registerInstance(options())
  await first.forget()
  expect((await registerInstance(options())).clientId).not.toBe(first.clientId)
})

it.each([
  ['another method', { token_endpoint_auth_method: 'client_secret_basic' }, 'response_refused'],
  ['another redirect URI', { redirect_uris: ['https://evil.example/callback'] }, 'response_refused'],
  ['one redirect URI more', { redirect_uris: [redirectUri, 'https://evil.example/'] }, 'response_refused'],
  ['another algorithm', { token_endpoint_auth_signing_alg: 'RS256' }, 'response_refused'],
  ['another grant', { response_types: ['token'] }, 'response_refused'],
  ['no client id', { client_id: undefined }, 'response_refused'],
] as const)('refuses a server that registers %s, and keeps nothing', async (_, changed, code) => {
  change = (answer) => ({ ...answer, ...changed })
  await refusal(registerInstance(options()), code)
  change = (answer) => answer
  await registerInstance(options())
  expect(asked).toHaveLength(2)
})

it.each([
  [
    'the method',
    { token_endpoint_auth_methods_supported: ['client_secret_basic', 'none'] },
    'client_secret_basic, none',
  ],
  ['the algorithm', { token_endpoint_auth_signing_alg_values_supported: ['RS256'] }, 'RS256'],
])('looks first, and registers nobody where the server does not list %s', async (_, listed, named) => {
  const document = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
  const lacking: typeof fetch = async (input, init) =>
    String(input).includes('/.well-known/') ? Response.json({ ...document, ...listed }) : watching(input, init)
  const wishes = { ...options(), fetch: lacking }
  const error = await refusal(registerInstance(wishes), 'client_auth_unsupported')
  expect(error.message).toMatch(new RegExp(`^The server does not support (private_key_jwt|ES256), only ${named}\\.$`))
  expect(error.hint).toContain('metadata option')
  expect(asked).toEqual([])
  // The way out, where the list is known to be wrong.
  await registerInstance({ ...wishes, metadata: document })
  expect(asked).toHaveLength(1)
})

it('registers where the server says nothing of methods and algorithms', async () => {
  const { token_endpoint_auth_signing_alg_values_supported: _, ...document } = await (
    await fetch(`${server.issuer}/.well-known/openid-configuration`)
  ).json()
  const metadata = { ...document, token_endpoint_auth_methods_supported: [] }
  await registerInstance({ ...options(), metadata })
  expect(asked).toHaveLength(1)
})

it('says what the server says where it refuses', async () => {
  const error = await refusal(
    registerInstance({ ...options(), additionalMetadata: { subject_type: 'nonsense' } }),
    'registration_refused',
  )
  expect(error.serverError?.error).toBe('invalid_client_metadata')
})

it('says so where the metadata cannot be sent', async () => {
  const error = await refusal(registerInstance({ ...options(), additionalMetadata: { n: 1n } }), 'config_invalid')
  expect(error.message).toContain('additionalMetadata: must be a JSON value')
  expect(asked).toEqual([])
})

it('says so where the server registers nobody', async () => {
  const closed = await startProvider(browserClient('other', [redirectUri]))
  await refusal(registerInstance({ ...options(), issuer: closed.issuer }), 'endpoint_refused')
  await closed.close()
})
