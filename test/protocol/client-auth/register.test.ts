import { describe, expect, it } from 'vitest'
import {
  type ClientIdentityOptions,
  type ClientRegistration,
  identifyClient,
  memoryRegistrations,
  privateKeyJwt,
  registerClient,
  type ServerMetadata,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { signingKey } from '../../helpers/tls.js'

const server = {
  issuer: 'https://as.example',
  registration_endpoint: 'https://as.example/register',
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
} as unknown as ServerMetadata
const redirectUri = 'https://app.example/callback'
const metadata = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }

/** A server that registers what is asked, with these changes, or answers so. */
function answering(change: object | (() => Response) = {}) {
  const sent: Request[] = []
  const fetch = async (url: string, init: RequestInit) => {
    sent.push(new Request(url, init))
    if (change instanceof Function) return change()
    return Response.json({ ...JSON.parse(String(init.body)), client_id: 'new', ...change }, { status: 201 })
  }
  return { sent, fetch }
}

describe('registerClient (RFC 7591 §3.1)', () => {
  const register = (change?: object | (() => Response), more: object = {}, initialAccessToken?: string) => {
    const { sent, fetch } = answering(change)
    return { sent, client: registerClient(server, { ...metadata, ...more }, { fetch, initialAccessToken }) }
  }

  it('posts JSON, with the initial access token if there is one', async () => {
    for (const token of [undefined, 'the-initial-token']) {
      const { sent, client } = register({}, {}, token)
      expect(await client).toEqual({ ...metadata, client_id: 'new' })
      const [{ method, headers }] = sent as [Request]
      expect([method, headers.get('accept'), headers.get('content-type'), headers.get('authorization')]).toEqual([
        ...['POST', 'application/json', 'application/json'],
        token ? `Bearer ${token}` : null,
      ])
      expect(await sent[0]!.json()).toEqual(metadata)
    }
  })

  it('takes lists in any order, and what is left out for registered as requested (§3.2.1)', async () => {
    const more = { redirect_uris: ['https://a.example/', 'https://b.example/'], response_types: ['code'] }
    const redirect_uris = ['https://b.example/', 'https://a.example/']
    expect((await register({ redirect_uris, response_types: undefined }, more).client).client_id).toBe('new')
    for (const grant_types of [undefined, ['authorization_code'], 'authorization_code'])
      expect((await register({ grant_types }).client).client_id).toBe('new')
  })

  it.each<[object | (() => Response), string]>([
    [{ client_id: undefined }, 'returned no client_id'],
    [{ client_id: '' }, 'returned no client_id'],
    [{ client_id: 7 }, 'returned no client_id'],
    [() => new Response('created', { status: 201 }), 'returned no client_id'],
    [{ redirect_uris: ['https://evil.example/'] }, 'registered another redirect_uris than requested'],
    [{ redirect_uris: [redirectUri, 'https://evil.example/'] }, 'registered another redirect_uris than requested'],
    [{ token_endpoint_auth_method: 'client_secret_post' }, 'registered another token_endpoint_auth_method'],
    [{ token_endpoint_auth_signing_alg: 'RS256' }, 'registered another token_endpoint_auth_signing_alg'],
    [{ response_types: ['token'] }, 'registered another response_types'],
    [{ grant_types: ['implicit'] }, 'registered grant_types without authorization_code'],
  ])('refuses %j: %s', async (change, message) => {
    const more = { token_endpoint_auth_signing_alg: 'ES256', response_types: ['code'] }
    const error = await refusal(register(change, more).client, 'response_refused')
    expect(error.message).toContain(message)
  })

  it('says what the server says, without the secrets of the request', async () => {
    const refuse = (error_description: string, status = 400) =>
      register(
        () => Response.json({ error: 'invalid_client_metadata', error_description }, { status }),
        { software_statement: 'the-software-statement' },
        'the-initial-token',
      ).client
    for (const status of [400, 401, 500])
      expect((await refusal(refuse('no', status), 'registration_refused')).serverError).toEqual({
        error: 'invalid_client_metadata',
        description: 'no',
      })
    for (const secret of ['the-initial-token', 'the-software-statement'])
      expect((await refusal(refuse(`not ${secret}`), 'registration_refused')).serverError?.description).toBe(
        '(withheld)',
      )
    const mute = register(() => new Response('no', { status: 403 })).client
    expect((await refusal(mute, 'registration_refused')).serverError?.error).toBe('403')
  })

  it('sends nothing that is no JSON', async () => {
    const { sent, client } = register({}, { size: 1n })
    expect((await refusal(client, 'config_invalid')).message).toContain('additionalMetadata: must be a JSON value')
    expect(sent).toEqual([])
  })
})

describe('a client that registers itself', () => {
  const identify = async (
    more: Partial<ClientIdentityOptions> = {},
    change: object | (() => Response) = {},
    at: object = {},
  ) => {
    const { sent, fetch } = answering(change)
    const registrations = memoryRegistrations()
    const options = { redirectUri, fetch, register: {}, registrations, ...more }
    const identity = await identifyClient({ ...server, ...at }, options)
    return { identity, asked: await Promise.all(sent.map((request) => request.json())), options, sent }
  }

  it('is public where the server allows it, otherwise has the secret that it was given', async () => {
    for (const [listed, method] of [
      [['client_secret_post', 'none'], 'none'],
      [undefined, 'none'],
      [['client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
      ['client_secret_post', 'client_secret_post'],
    ] as const) {
      const at = { token_endpoint_auth_methods_supported: listed }
      const { identity, asked } = await identify({}, { client_secret: 's3cret' }, at)
      expect([identity.clientId, identity.clientAuth.method]).toEqual(['new', method])
      expect(asked).toMatchObject([{ token_endpoint_auth_method: method }])
    }
  })

  it('has the authentication of the app, if the server lists it', async () => {
    const clientAuth = privateKeyJwt((await signingKey('ES256')).jwk)
    const { identity, asked, options, sent } = await identify({ clientAuth })
    expect([identity.clientAuth, asked[0].token_endpoint_auth_method]).toEqual([clientAuth, 'private_key_jwt'])
    // Kept for this authentication, and registered anew for another one.
    await identifyClient(server, options)
    expect(sent).toHaveLength(1)
    const other = { ...options, clientAuth: undefined, fetch: answering({ client_secret: 'x' }).fetch }
    expect((await identifyClient(server, other)).clientAuth.method).toBe('client_secret_basic')
    const at = { token_endpoint_auth_methods_supported: ['client_secret_basic'] }
    await expect(identify({ clientAuth }, {}, at)).rejects.toHaveProperty('code', 'client_auth_unsupported')
    await expect(
      identify({}, {}, { token_endpoint_auth_methods_supported: ['tls_client_auth'] }),
    ).rejects.toHaveProperty('code', 'client_auth_unsupported')
  })

  it.each([undefined, '', 7, ['s3cret']])('is refused the secret %j', async (client_secret) => {
    const error = await refusal(identify({}, { client_secret }), 'response_refused')
    expect(error.message).toContain('registered client_secret_basic without a client_secret')
  })

  it.each([
    [undefined, true],
    [0, true],
    [Math.floor(Date.now() / 1000) + 3600, true],
    [1, false],
  ])('is kept until its secret expires', async (client_secret_expires_at, isKept) => {
    const { options, sent } = await identify({}, { client_secret: 's3cret', client_secret_expires_at })
    await identifyClient(server, options)
    expect(sent).toHaveLength(isKept ? 1 : 2)
  })

  it.each([
    ['http://127.0.0.1:1/cb', 'http://127.0.0.1:2/cb', true],
    ['http://[::1]:1/cb', 'http://[::1]:2/cb', true],
    ['http://127.0.0.1:1/cb', 'http://127.0.0.1:1/other', false],
    ['http://localhost:1/cb', 'http://localhost:2/cb', false],
    ['http://a127.0.0.1.example:1/cb', 'http://a127.0.0.1.example:2/cb', false],
    ['http://127.0.0.1.example:1/cb', 'http://127.0.0.1.example:2/cb', false],
    ['https://127.0.0.1:1/cb', 'https://127.0.0.1:2/cb', false],
    ['com.example:/cb', 'com.example:/cb', true],
  ])('registered with %s can be used with %s: %s (RFC 8252 §7.3)', async (registered, used, isKept) => {
    const { options, sent } = await identify({ redirectUri: registered }, { client_secret: 's3cret' })
    await identifyClient(server, { ...options, redirectUri: used })
    expect(sent).toHaveLength(isKept ? 1 : 2)
  })

  it('says what is missing in its options', async () => {
    const { message } = await refusal(identify({ registrations: undefined }), 'config_invalid')
    expect(message).toContain('registrations: is required with register')
    const wrong = await refusal(identify({ clientMetadataUrl: 'http://app.example/x' }), 'config_invalid')
    expect(wrong.message).toContain('clientMetadataUrl: must be an https URL')
    const preregistered = { 'https://a.example': { clientId: 'a' }, 'https://b.example': { clientId: 'b' } }
    const none = await refusal(identify({ register: undefined, preregistered }), 'client_unregistered')
    expect(none.message).toContain('only https://a.example, https://b.example')
  })

  it('forgets nothing that it did not register', async () => {
    const at = { client_id_metadata_document_supported: true }
    for (const more of [
      { preregistered: { [server.issuer]: { clientId: 'known' } } },
      { clientMetadataUrl: 'https://app.example/client.json' },
    ]) {
      const { identity } = await identify(more, {}, at)
      expect(await identity.forgetIfRefused(new Error('any'))).toBe(false)
    }
  })

  it('registers anew where what is stored is damaged', async () => {
    const good: ClientRegistration = {
      ...{ issuer: server.issuer, clientId: 'kept', method: 'none', redirectUris: [redirectUri] },
    }
    for (const [damage, isKept] of [
      [{}, true],
      [{ issuer: 'https://other.example' }, false],
      [{ clientId: 7 }, false],
      [{ method: 'constructor' }, false],
      [{ method: 'client_secret_basic' }, false],
      [{ redirectUris: redirectUri }, false],
    ] as const) {
      const registrations = memoryRegistrations()
      await registrations.add(server.issuer, { ...good, ...damage } as ClientRegistration)
      const { sent } = await identify({ registrations }, { client_secret: 's3cret' })
      expect([damage, sent.length]).toEqual([damage, isKept ? 0 : 1])
    }
  })
})
