import type { Adapter } from 'oidc-provider'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import {
  allowInsecureLoopback,
  beginAuthorization,
  type CheckedMetadata,
  type ClientIdentityOptions,
  type ClientRegistration,
  clientMetadataDocument,
  clientMetadataResponse,
  clientSecretBasic,
  completeAuthorization,
  discover,
  type ErrorCode,
  identifyClient,
  memoryRegistrations,
  ProofkeyError,
} from '../../../src/protocol.js'
import { registration } from '../../contracts/client-registrations.js'
import { createPerson } from '../../helpers/person.js'
import { refusal } from '../../helpers/refusal.js'

const redirectUri = 'https://app.example/callback'
const CLIENT = 'https://app.example/client.json'
const insecure = allowInsecureLoopback

let running: RunningProvider
let server: CheckedMetadata
/** What the server was asked to register. */
const asked: Record<string, unknown>[] = []
let answer: (body: Record<string, unknown>) => unknown
/** A real server registers; the test may change what it says. */
const watching: typeof fetch = async (input, init) => {
  if (!String(input).endsWith('/reg')) return fetch(input, init)
  asked.push(JSON.parse(String(init?.body)))
  const response = await fetch(input, init)
  return Response.json(answer((await response.json()) as Record<string, unknown>), { status: response.status })
}
const options = (more: Partial<ClientIdentityOptions> = {}): ClientIdentityOptions => ({
  redirectUri,
  fetch: watching,
  insecure,
  ...more,
})
const dynamic = (more: Partial<ClientIdentityOptions> = {}) =>
  options({ register: { clientName: 'An app' }, registrations: memoryRegistrations(), ...more })

beforeAll(async () => {
  const base = browserClient('known', [redirectUri])
  running = await startProvider({
    ...base,
    features: {
      registration: { enabled: true },
      deviceFlow: { enabled: true },
      clientIdMetadataDocument: { enabled: true, ack: undefined },
      devInteractions: { enabled: true },
    } as never,
    // The app's own site: its name is of no real host.
    fetch: async (url) =>
      String(url) === CLIENT
        ? clientMetadataResponse(
            clientMetadataDocument({ clientId: CLIENT, clientName: 'An app', redirectUris: [redirectUri] }),
          )
        : new Response('', { status: 404 }),
  })
  server = await discover(running.issuer, { insecure })
})
afterAll(() => running.close())
beforeEach(() => {
  asked.length = 0
  answer = (body) => body
})

/** The server without some of what it offers. */
const without = (...names: string[]) =>
  ({ ...server, ...Object.fromEntries(names.map((name) => [name, undefined])) }) as CheckedMetadata
const NO_DOCUMENTS = 'client_id_metadata_document_supported'

/** A person signs in as this client, at the real server. */
async function signIn({
  clientId,
  clientAuth,
}: Pick<Awaited<ReturnType<typeof identifyClient>>, 'clientId' | 'clientAuth'>) {
  const { url, transaction } = await beginAuthorization(server, { clientId, redirectUri, scope: 'openid', insecure })
  const callback = await createPerson().travel(url, redirectUri)
  return completeAuthorization(transaction, callback, { clientAuth, insecure })
}

describe("MCP's order", () => {
  const preregistered = () => ({ [server.issuer]: { clientId: 'known' } })

  it('has the client that was registered by hand first', async () => {
    const identity = await identifyClient(
      server,
      dynamic({ preregistered: preregistered(), clientMetadataUrl: CLIENT }),
    )
    expect(identity).toMatchObject({ clientId: 'known', origin: 'preregistered', clientAuth: { method: 'none' } })
    expect((await signIn(identity)).claims?.aud).toBe('known')
    expect(asked).toEqual([])
  })

  it('never uses such a client at another server', async () => {
    const other = { 'https://b.example': { clientId: 'known', clientAuth: clientSecretBasic('for b only') } }
    const identity = await identifyClient(server, options({ preregistered: other, clientMetadataUrl: CLIENT }))
    expect(identity).toMatchObject({ clientId: CLIENT, clientAuth: { method: 'none' } })
    const error = await refusal(identifyClient(server, options({ preregistered: other })), 'client_unregistered')
    expect(error.message).toContain('only https://b.example')
    for (const issuer of ['__proto__', 'constructor', 'toString'])
      await refusal(identifyClient({ ...server, issuer }, options({ preregistered: other })), 'client_unregistered')
  })

  it('has the metadata document next, which a real server fetches', async () => {
    const identity = await identifyClient(server, dynamic({ clientMetadataUrl: CLIENT }))
    expect(identity).toMatchObject({ clientId: CLIENT, origin: 'metadata_document' })
    expect((await signIn(identity)).claims?.aud).toBe(CLIENT)
    expect(asked).toEqual([])
  })

  it.each([undefined, false, 'true', 1, null])('uses no document where the server says %j about them', async (said) => {
    const shy = { ...server, [NO_DOCUMENTS]: said } as CheckedMetadata
    expect(await identifyClient(shy, dynamic({ clientMetadataUrl: CLIENT }))).toHaveProperty('origin', 'registered')
  })

  it('registers last, and a person signs in as the new client', async () => {
    const identity = await identifyClient(server, dynamic())
    expect(identity.origin).toBe('registered')
    expect(asked).toEqual([
      {
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        application_type: 'web',
        client_name: 'An app',
      },
    ])
    expect((await signIn(identity)).claims?.aud).toBe(identity.clientId)
  })

  it('then says what the user must do', async () => {
    const neither = without(NO_DOCUMENTS, 'registration_endpoint')
    const error = await refusal(identifyClient(neither, dynamic({ clientMetadataUrl: CLIENT })), 'client_unregistered')
    expect(error.message).toMatch(/no client ID metadata documents, the server has no registration_endpoint/)
    expect(error.hint).toContain('preregistered')
    const bare = await refusal(identifyClient(server, options()), 'client_unregistered')
    expect(bare.message).toMatch(/no client, there is no clientMetadataUrl, there is no register option/)
  })

  it('refuses its own mistakes before anything is asked', async () => {
    await refusal(identifyClient(server, options({ register: {} })), 'config_invalid')
    for (const clientMetadataUrl of [
      'http://app.example/c.json',
      'https://app.example/',
      'https://app.example/a/../b',
      '',
    ])
      await refusal(identifyClient(server, options({ clientMetadataUrl })), 'config_invalid')
    expect(asked).toEqual([])
  })
})

describe('what is registered', () => {
  it.each<[string[], string]>([
    [['none', 'client_secret_basic'], 'none'],
    [['client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
    [['private_key_jwt', 'client_secret_post'], 'client_secret_post'],
  ])('is a method of the server: of %j %s', async (methods, method) => {
    const own = { ...server, token_endpoint_auth_methods_supported: methods } as CheckedMetadata
    const identity = await identifyClient(own, dynamic())
    expect(identity.clientAuth.method).toBe(method)
    expect((await signIn(identity)).claims?.aud).toBe(identity.clientId)
  })

  it('is nothing where the server has no method that this app can use', async () => {
    const own = { ...server, token_endpoint_auth_methods_supported: ['tls_client_auth'] } as CheckedMetadata
    await refusal(identifyClient(own, dynamic()), 'client_auth_unsupported')
    expect(asked).toEqual([])
  })

  it.each([
    ['https://app.example/cb', 'web'],
    ['http://127.0.0.1:1234/cb', 'native'],
    ['http://localhost/cb', 'native'],
    ['com.example.app:/cb', 'native'],
  ])('says what kind of app it is: %s is %s', async (uri, type) => {
    await identifyClient(server, dynamic({ redirectUri: uri }))
    expect(asked[0]).toHaveProperty('application_type', type)
  })

  it.each<[string, object]>([
    ['another method', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['other redirect URIs', { redirect_uris: ['https://evil.example/cb'] }],
    ['more redirect URIs', { redirect_uris: [redirectUri, 'https://evil.example/cb'] }],
    ['no code', { grant_types: ['client_credentials'] }],
    ['another response type', { response_types: ['token'] }],
    ['no client id', { client_id: '' }],
  ])('is not used where the server registered %s', async (_, changes) => {
    answer = (body) => ({ ...body, ...changes })
    const registrations = memoryRegistrations()
    await refusal(identifyClient(server, dynamic({ registrations })), 'response_refused')
    expect(await registrations.get(server.issuer)).toBeUndefined()
  })

  it('is used where the server leaves out refresh tokens', async () => {
    answer = (body) => ({ ...body, grant_types: ['authorization_code'] })
    await expect(identifyClient(server, dynamic())).resolves.toHaveProperty('origin', 'registered')
  })

  it('is not used without the secret that its method needs', async () => {
    const own = { ...server, token_endpoint_auth_methods_supported: ['client_secret_post'] } as CheckedMetadata
    answer = ({ client_secret: _, ...body }) => body
    await refusal(identifyClient(own, dynamic()), 'response_refused')
  })

  it('says why the server refused it', async () => {
    const native = {
      ...dynamic({ redirectUri: 'http://app.example/cb' }),
      register: { applicationType: 'native' as const },
    }
    const error = await refusal(identifyClient(server, native), 'registration_refused')
    expect(error.serverError?.error).toBe('invalid_redirect_uri')
  })
})

describe('a registration', () => {
  it('is kept, and made anew for another server', async () => {
    const registrations = memoryRegistrations()
    const first = await identifyClient(server, dynamic({ registrations }))
    const again = await identifyClient(server, dynamic({ registrations }))
    expect(again.clientId).toBe(first.clientId)
    expect(asked).toHaveLength(1)
    const other = await identifyClient({ ...server, issuer: 'https://b.example' }, dynamic({ registrations }))
    expect(other.clientId).not.toBe(first.clientId)
    expect(asked).toHaveLength(2)
  })

  it.each<[string, Partial<ClientRegistration>]>([
    ['has not the redirect URI', { redirectUris: ['https://app.example/old'] }],
    ['is of another issuer', { issuer: 'https://b.example' }],
    ['has an expired secret', { method: 'client_secret_basic', clientSecret: 's', secretExpiresAtSeconds: 1 }],
    ['has a method without its secret', { method: 'client_secret_basic' }],
    ['has a method that is not known', { method: 'constructor' }],
    ['has a damaged expiry', { secretExpiresAtSeconds: 'soon' as never }],
    ['is damaged', { clientId: 7 as never }],
    ['has damaged grant types', { grantTypes: 'authorization_code refresh_token' as never }],
  ])('is made anew where it %s', async (_, changes) => {
    const registrations = memoryRegistrations()
    await registrations.add(server.issuer, registration('old', { issuer: server.issuer, ...changes }))
    const { clientId } = await identifyClient(server, dynamic({ registrations }))
    expect(clientId).not.toBe('old')
    expect(asked).toHaveLength(1)
  })

  it.each<[string, Partial<ClientRegistration>]>([
    [redirectUri, {}],
    ['http://127.0.0.1:5/cb', { redirectUris: ['http://127.0.0.1:3000/cb'] }],
    ['http://[::1]/cb', { redirectUris: ['http://[::1]:3000/cb'] }],
    [redirectUri, { secretExpiresAtSeconds: 0, method: 'client_secret_post', clientSecret: 's' }],
    [redirectUri, { secretExpiresAtSeconds: 4e9, method: 'client_secret_post', clientSecret: 's' }],
  ])('is used for %s: %o', async (uri, changes) => {
    const registrations = memoryRegistrations()
    await registrations.add(server.issuer, registration('old', { issuer: server.issuer, ...changes }))
    const { clientId } = await identifyClient(server, dynamic({ registrations, redirectUri: uri }))
    expect(clientId).toBe('old')
  })

  it('is made anew, once, where it lacks a grant type', async () => {
    const registrations = memoryRegistrations()
    const device = 'urn:ietf:params:oauth:grant-type:device_code'
    const withTypes = (...types: string[]) =>
      dynamic({ registrations, register: types[0] ? { additionalMetadata: { grant_types: types } } : {} })
    const first = await identifyClient(server, withTypes())
    answer = (body) => ({ ...body, grant_types: ['authorization_code'] })
    const second = await identifyClient(server, withTypes('authorization_code', 'refresh_token', device))
    expect(second.clientId).not.toBe(first.clientId)
    expect(asked.map(({ grant_types }) => grant_types)).toEqual([
      ['authorization_code', 'refresh_token'],
      ['authorization_code', 'refresh_token', device],
    ])
    // What a server leaves out, it would leave out again.
    for (const types of [[], ['authorization_code'], ['authorization_code', 'refresh_token', device]])
      expect((await identifyClient(server, withTypes(...types))).clientId).toBe(second.clientId)
    expect(asked).toHaveLength(2)
  })

  it.each([
    ['http://localhost:5/cb', 'http://localhost:3000/cb'],
    ['http://127.0.0.1:5/other', 'http://127.0.0.1:3000/cb'],
    ['https://127.0.0.1:5/cb', 'https://127.0.0.1:3000/cb'],
  ])('for %s is not one for %s', async (uri, registered) => {
    const registrations = memoryRegistrations()
    await registrations.add(server.issuer, registration('old', { issuer: server.issuer, redirectUris: [registered] }))
    const made = identifyClient(
      server,
      dynamic({ registrations, redirectUri: uri, register: { applicationType: 'native' } }),
    )
    await made.catch(() => {})
    expect(asked).toHaveLength(1)
  })

  it('is one for several that register at once, with and without a lock', async () => {
    const registrations = memoryRegistrations()
    const locked = await Promise.all([1, 2, 3].map(() => identifyClient(server, dynamic({ registrations }))))
    expect(new Set(locked.map(({ clientId }) => clientId)).size).toBe(1)
    expect(asked).toHaveLength(1)
    // Three processes with one store, as with Redis or files.
    const { exclusive: _, ...shared } = memoryRegistrations()
    await shared.add(server.issuer, registration('old', { issuer: server.issuer, redirectUris: [] }))
    const free = await Promise.all([1, 2, 3].map(() => identifyClient(server, dynamic({ registrations: shared }))))
    const stored = await shared.get(server.issuer)
    expect(asked).toHaveLength(4)
    for (const { clientId } of free) expect(clientId).toBe(stored?.clientId)
    expect((await signIn(free[2]!)).claims?.aud).toBe(stored?.clientId)
  })

  it('of a client without a secret does not expire with the one that the server sent all the same', async () => {
    answer = (body) => ({ ...body, client_secret: 'not used', client_secret_expires_at: 1 })
    const registrations = memoryRegistrations()
    const { clientId } = await identifyClient(server, dynamic({ registrations }))
    expect((await identifyClient(server, dynamic({ registrations }))).clientId).toBe(clientId)
    expect(asked).toHaveLength(1)
  })

  it('does not replace one that a failed request could not', async () => {
    const registrations = memoryRegistrations()
    const old = registration('old', { issuer: server.issuer, redirectUris: [] })
    await registrations.add(server.issuer, old)
    const offline = async () => {
      throw new TypeError('Failed to fetch')
    }
    await refusal(identifyClient(server, dynamic({ registrations, fetch: offline })), 'network_error')
    expect(await registrations.get(server.issuer)).toEqual(old)
  })
})

describe('forgetIfRefused', () => {
  it('deletes what the real server no longer knows, and the next one registers again', async () => {
    const registrations = memoryRegistrations()
    const identity = await identifyClient(server, dynamic({ registrations }))
    const { url, transaction } = await beginAuthorization(server, {
      clientId: identity.clientId,
      redirectUri,
      scope: 'openid',
      insecure,
    })
    const callback = await createPerson().travel(url, redirectUri)
    await (running.provider.Client as unknown as { adapter: Adapter }).adapter.destroy(identity.clientId)
    const error = await refusal(completeAuthorization(transaction, callback, { insecure }), 'token_request_refused')
    expect(await identity.forgetIfRefused(error)).toBe(true)
    const next = await identifyClient(server, dynamic({ registrations }))
    expect(next.clientId).not.toBe(identity.clientId)
    expect((await signIn(next)).claims?.aud).toBe(next.clientId)
    // A late error of the old client does not delete the new one.
    expect(await identity.forgetIfRefused(error)).toBe(false)
    expect((await registrations.get(server.issuer))?.clientId).toBe(next.clientId)
  })

  const refused = (code: ErrorCode, error?: string) =>
    new ProofkeyError(code, 'It was refused.', 'Try.', error ? { serverError: { error } } : {})

  it.each<[unknown, boolean]>([
    [refused('token_request_refused', 'invalid_client'), true],
    [refused('authorization_failed', 'unauthorized_client'), true],
    [refused('authorization_failed', 'invalid_client'), true],
    [refused('token_request_refused', 'invalid_grant'), false],
    [refused('token_request_refused', 'unauthorized_client'), false],
    [refused('token_request_refused', 'server_error'), false],
    [refused('token_request_refused'), false],
    [refused('authorization_failed', 'server_error'), false],
    [refused('access_denied', 'access_denied'), false],
    [refused('network_error', 'invalid_client'), false],
    [refused('timeout'), false],
    [refused('response_refused'), false],
    [new Error('invalid_client'), false],
    [{ code: 'token_request_refused', serverError: { error: 'invalid_client' } }, false],
    [undefined, false],
  ])('after %o: %s', async (error, isDeleted) => {
    const registrations = memoryRegistrations()
    await registrations.add(server.issuer, registration('own', { issuer: server.issuer }))
    const identity = await identifyClient(server, dynamic({ registrations }))
    expect(await identity.forgetIfRefused(error)).toBe(isDeleted)
    expect(!(await registrations.get(server.issuer))).toBe(isDeleted)
  })
})
