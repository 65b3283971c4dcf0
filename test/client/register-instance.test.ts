import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import '../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../examples/demo/provider.js'
import { allowInsecureLoopback, createSessionClient, registerInstance, type UserAgent } from '../../src/index.js'
import { createPerson } from '../helpers/person.js'
import { refusal } from '../helpers/refusal.js'
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

  const userAgent: UserAgent = {
    name: 'person',
    keepsPage: true,
    open: async ({ begin, complete }) => complete(await createPerson().travel(await begin(), redirectUri)),
  }
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
  const opening = indexedDB.open('proofkey-instances')
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const reading = opening.result.transaction('instances').objectStore('instances').getAll()
  const [record] = await new Promise<{ key: CryptoKey }[]>((resolve) =>
    reading.addEventListener('success', () => resolve(reading.result)),
  )
  opening.result.close()
  expect(record?.key).toMatchObject({ type: 'private', extractable: false, usages: ['sign'] })
  await expect(crypto.subtle.exportKey('jwk', record!.key)).rejects.toThrow()
  expect(tracesOf('extractable', record)).toContain('plain')
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
  ['no client id', { client_id: undefined }, 'response_refused'],
] as const)('refuses a server that registers %s, and keeps nothing', async (_, changed, code) => {
  change = (answer) => ({ ...answer, ...changed })
  await refusal(registerInstance(options()), code)
  change = (answer) => answer
  await registerInstance(options())
  expect(asked).toHaveLength(2)
})

it('says what the server says where it refuses', async () => {
  const error = await refusal(
    registerInstance({ ...options(), additionalMetadata: { subject_type: 'nonsense' } }),
    'registration_refused',
  )
  expect(error.serverError?.error).toBe('invalid_client_metadata')
})

it('says so where the server registers nobody', async () => {
  const closed = await startProvider(browserClient('other', [redirectUri]))
  await refusal(registerInstance({ ...options(), issuer: closed.issuer }), 'endpoint_refused')
  await closed.close()
})
