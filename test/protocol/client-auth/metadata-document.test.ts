import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_CLIENT_METADATA_BYTES } from '../../../src/limits.js'
import {
  type ClientMetadataOptions,
  clientMetadataDocument,
  clientMetadataProblems,
  clientMetadataResponse,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const URL_ = 'https://app.example/oauth/client.json'
const KEY = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k' }
const options = (more: Partial<ClientMetadataOptions> = {}): ClientMetadataOptions => ({
  clientId: URL_,
  clientName: 'An app',
  redirectUris: ['http://127.0.0.1:3000/callback', 'https://app.example/callback', 'com.example.app:/callback'],
  ...more,
})

describe('clientMetadataDocument', () => {
  it('makes a public client, or one with keys', () => {
    expect(
      clientMetadataDocument(options({ scope: 'a b', additionalMetadata: { client_uri: 'https://app.example' } })),
    ).toMatchInlineSnapshot(`
        {
          "application_type": "native",
          "client_id": "https://app.example/oauth/client.json",
          "client_name": "An app",
          "client_uri": "https://app.example",
          "grant_types": [
            "authorization_code",
            "refresh_token",
          ],
          "redirect_uris": [
            "http://127.0.0.1:3000/callback",
            "https://app.example/callback",
            "com.example.app:/callback",
          ],
          "response_types": [
            "code",
          ],
          "scope": "a b",
          "token_endpoint_auth_method": "none",
        }
      `)
    const web = clientMetadataDocument(
      options({ redirectUris: ['https://app.example/cb'], jwks: { keys: [KEY] as never } }),
    )
    expect(web).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', application_type: 'web' })
    expect(clientMetadataDocument(options({ jwksUri: 'https://app.example/jwks' }))).toHaveProperty('jwks_uri')
  })

  it('is a response that servers accept', async () => {
    const document = clientMetadataDocument(options())
    const response = clientMetadataResponse(document)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
    expect(await response.json()).toEqual(document)
  })

  it.each([
    ['http://app.example/client.json', /https/],
    ['https://app.example', /path|browser/],
    ['https://app.example/', /path/],
    ['https://app.example/client.json#x', /fragment/],
    ['https://app.example/client.json#', /fragment/],
    ['https://a:b@app.example/client.json', /user/],
    ['https://a@app.example/client.json', /user/],
    ['https://app.example/a/../client.json', /dot segments/],
    ['https://app.example/./client.json', /dot segments/],
    ['https://app.example/%2e%2E/client.json', /dot segments/],
    ['https://app.example\\client.json', /browser/],
    ['https://APP.example/client.json', /lower case/],
    ['https://app.example:443/client.json', /port/],
    [' https://app.example/client.json', /browser/],
    ['client.json', /https/],
    ['', /https/],
    [undefined, /https/],
  ])('refuses the address %j', async (clientId, message) => {
    const error = await refusal(
      () => clientMetadataDocument(options({ clientId: clientId as string })),
      'config_invalid',
    )
    expect(error.message).toMatch(message)
  })

  it.each<[Partial<ClientMetadataOptions>, RegExp]>([
    [{ clientName: '' }, /client_name/],
    [{ clientName: ' ' }, /client_name/],
    [{ clientName: undefined as never }, /client_name/],
    [{ redirectUris: [] }, /redirect_uris/],
    [{ redirectUris: 'https://app.example/cb' as never }, /redirect_uris/],
    [{ redirectUris: ['http://app.example/cb'] }, /redirect_uris/],
    [{ redirectUris: ['https://app.example/cb', 'javascript:alert(1)'] }, /redirect_uris/],
    [{ redirectUris: ['myapp:/cb'] }, /redirect_uris/],
    [{ redirectUris: ['https://app.example/cb#x'] }, /redirect_uris/],
    [{ redirectUris: ['data:text/html,x'] }, /redirect_uris/],
    [{ jwks: { keys: [] } }, /jwks/],
    [{ jwks: { keys: [{ ...KEY, d: 'private' }] as never } }, /private/],
    [{ jwks: { keys: [{ kty: 'oct', k: 'secret' }] as never } }, /private/],
    [{ jwks: { keys: [KEY] as never }, jwksUri: 'https://app.example/jwks' }, /either/],
    [{ jwksUri: 'http://app.example/jwks' }, /jwks_uri/],
    [{ additionalMetadata: { client_secret: 'x' } }, /client_secret/],
    [{ additionalMetadata: { client_secret_expires_at: 0 } }, /client_secret_expires_at/],
    [{ additionalMetadata: { logo_uri: 'http://app.example/logo.png' } }, /logo_uri/],
    [{ additionalMetadata: { tos_uri: 'javascript:alert(1)' } }, /tos_uri/],
    [{ additionalMetadata: { big: 'x'.repeat(5000) } }, /bytes/],
    [{ additionalMetadata: { big: 'ä'.repeat(2500) } }, /bytes/],
    [{ additionalMetadata: { big: 1n } }, /JSON/],
  ])('refuses %o', async (more, message) => {
    const error = await refusal(() => clientMetadataDocument(options(more)), 'config_invalid')
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/'private'|secret'/)
  })
})

describe('clientMetadataProblems', () => {
  it.each<[object, RegExp]>([
    [{ client_id: 'https://app.example/other.json' }, /client_id/],
    [{ client_id: undefined }, /client_id/],
    [{ token_endpoint_auth_method: 'client_secret_basic' }, /auth_method/],
    [{ token_endpoint_auth_method: 'client_secret_post' }, /auth_method/],
    [{ token_endpoint_auth_method: 'client_secret_jwt' }, /auth_method/],
    // The default would be client_secret_basic (RFC 7591 §2).
    [{ token_endpoint_auth_method: undefined }, /auth_method/],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, /jwks/],
    [{ grant_types: ['implicit'] }, /grant_types/],
    [{ response_types: ['token'] }, /response_types/],
  ])('names what is wrong with %o', (more, problem) => {
    const problems = clientMetadataProblems({ ...clientMetadataDocument(options()), ...more }, URL_)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })

  it('takes any value and any address', () => {
    const names = ['client_id', 'client_name', 'redirect_uris', 'jwks', 'token_endpoint_auth_method', 'grant_types']
    const document = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...names, 'jwks_uri', 'client_secret', 'x'), fc.oneof(fc.jsonValue(), fc.webUrl())),
    )
    fc.assert(
      fc.property(
        document,
        fc.oneof(fc.string(), fc.webUrl({ withFragments: true }), fc.constant(URL_)),
        (value, url) => {
          const problems = clientMetadataProblems(value, url)
          for (const problem of problems) expect(problem).toMatch(/^\w+: /)
          if (Object(value).client_id !== url || 'client_secret' in Object(value)) expect(problems[0]).toBeDefined()
        },
      ),
    )
  })

  it('accepts an address only if every reader sees the same one', () => {
    const part = fc.constantFrom(
      '.',
      '..',
      '%2e',
      '%2E%2e',
      'a',
      'client.json',
      '',
      '\\',
      '#',
      '?',
      '@',
      ':443',
      ' ',
      'Ä',
    )
    const address = fc.array(part, { maxLength: 6 }).map((parts) => `https://app.example/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.oneof(address, fc.webUrl()), (clientId) => {
        const problems = clientMetadataProblems({ ...clientMetadataDocument(options()), client_id: clientId }, clientId)
        if (problems[0]) return
        expect(new URL(clientId).href).toBe(clientId)
        expect(decodeURIComponent(clientId).split(/[?#]/)[0]?.split('/')).not.toContain('..')
        expect(clientId).not.toMatch(/[#\\\s]/)
      }),
    )
  })
})

describe('what is wrong with a document is said', () => {
  const right = clientMetadataDocument(options())
  const keys = { keys: [KEY] }
  const uris = 'must be a list of URIs without a fragment: https, http on loopback, or a scheme like com.example.app'

  it.each<[object, string]>([
    [{ client_id: 'https://app.example/other.json' }, 'client_id: must be the URL of the document'],
    [{ client_name: ' ' }, 'client_name: must be a text'],
    [{ redirect_uris: [] }, `redirect_uris: ${uris}`],
    [{ redirect_uris: ['https://app.example/cb', 'app:/cb'] }, `redirect_uris: ${uris}`],
    [{ client_secret: 'x' }, 'client_secret: must not be in a public document'],
    [
      { token_endpoint_auth_method: 'client_secret_basic' },
      'token_endpoint_auth_method: must be none or private_key_jwt: the document is public, so there is no shared secret',
    ],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'jwks: private_key_jwt needs either jwks or jwks_uri'],
    [{ jwks: { keys: [KEY, { ...KEY, d: 'd' }] } }, 'jwks: must be a list of public keys, without private members'],
    [{ jwks: { keys: [{ ...KEY, d: 'd' }, KEY] } }, 'jwks: must be a list of public keys, without private members'],
    [{ logo_uri: 'logo.png' }, 'logo_uri: must be an https URL'],
    [{ logo_uri: 7 }, 'logo_uri: must be an https URL'],
    [{ grant_types: ['refresh_token'] }, 'grant_types: must have authorization_code'],
    [{ response_types: 'token' }, 'response_types: must have code'],
  ])('%j', (change, problem) => {
    expect(clientMetadataProblems({ ...right, ...change }, URL_)).toEqual([problem])
  })

  it('nothing, where it has what it may have', () => {
    const own = { ...right, jwks: keys, token_endpoint_auth_method: 'private_key_jwt', logo_uri: undefined }
    expect(clientMetadataProblems(own, URL_)).toEqual([])
  })

  it('its size: 5 kB are the most', () => {
    const padded = (bytes: number) => {
      const document = { ...right, padding: '' }
      return { ...right, padding: 'x'.repeat(bytes - JSON.stringify(document).length) }
    }
    expect(clientMetadataProblems(padded(MAX_CLIENT_METADATA_BYTES), URL_)).toEqual([])
    expect(clientMetadataProblems(padded(MAX_CLIENT_METADATA_BYTES + 1), URL_)).toEqual([
      `document: has ${MAX_CLIENT_METADATA_BYTES + 1} bytes, at most ${MAX_CLIENT_METADATA_BYTES}`,
    ])
  })

  it('what cannot be JSON', async () => {
    const additionalMetadata = { size: 1n }
    const error = await refusal(() => clientMetadataDocument(options({ additionalMetadata })), 'config_invalid')
    expect(error.message).toContain('additionalMetadata: must be a JSON value')
  })

  it('an app is a web app only by how its URIs begin', () => {
    const redirectUris = ['com.example.app:/https://app.example/']
    expect(clientMetadataDocument(options({ redirectUris }))['application_type']).toBe('native')
  })
})
