import { expect, it } from 'vitest'
import {
  type ClientCredentialsOptions,
  clientCredentialsGrant,
  clientSecretPost,
  none,
  type ServerMetadata,
} from '../../../src/protocol.js'
import { defineProvider } from '../../../src/providers.js'
import { refusal } from '../../helpers/refusal.js'

const issuer = 'https://as.example'
const server: ServerMetadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
}
const honest = { access_token: 'of the service', token_type: 'Bearer', expires_in: 60 }

function request(answer: object = {}, options: Partial<ClientCredentialsOptions> = {}, metadata: object = {}) {
  const sent: URLSearchParams[] = []
  const fetch: typeof globalThis.fetch = async (_, init) => {
    sent.push(new URLSearchParams(String(init?.body)))
    return answer instanceof Function ? answer() : Response.json({ ...honest, ...answer })
  }
  const all = { clientAuth: clientSecretPost('s3cret'), fetch, ...options }
  return { sent, token: clientCredentialsGrant({ ...server, ...metadata }, 'service', all) }
}

it('sends what the token is for (RFC 6749 §4.4.2, RFC 8707 §2)', async () => {
  const before = Date.now()
  const { sent, token } = request(
    {},
    { scope: 'a b', resource: ['https://a.example/', 'https://b.example/'], audience: 'api' },
  )
  const { expiresAtMs, ...rest } = await token
  expect(rest).toEqual({ accessToken: 'of the service', tokenType: 'bearer', scope: 'a b', other: {} })
  expect(expiresAtMs).toBeGreaterThanOrEqual(before + 60_000)
  expect([...sent[0]!].sort()).toEqual(
    [
      ['grant_type', 'client_credentials'],
      ['scope', 'a b'],
      ['resource', 'https://a.example/'],
      ['resource', 'https://b.example/'],
      ['audience', 'api'],
      ['client_id', 'service'],
      ['client_secret', 's3cret'],
    ].sort(),
  )
})

it('does not read a refresh token or an ID token: neither belongs to this grant (§4.4.3)', async () => {
  const token = await request({ refresh_token: 'refresh', id_token: 'not.a.jwt' }).token
  expect(Object.keys(token).sort()).toEqual(['accessToken', 'expiresAtMs', 'other', 'scope', 'tokenType'])
  expect(JSON.stringify(token)).not.toMatch(/refresh|not\.a\.jwt/)
})

it.each<[string, object]>([
  ['no access token', { access_token: undefined }],
  ['an empty one', { access_token: '' }],
  ['an access token that is no text', { access_token: 1 }],
  ['no token_type', { token_type: undefined }],
  ['token_type DPoP, though there is no key', { token_type: 'DPoP' }],
  ['token_type N_A', { token_type: 'N_A' }],
  ['a scope that is no text', { scope: { a: true } }],
  ['an error beside a token, that is no text', { error: { code: 1 } }],
])('refuses a response with %s', async (_, answer) => {
  await refusal(request(answer).token, 'token_response_invalid')
})

it('refuses an ID token alone, also of a provider whose sign-ins may end with one', async () => {
  const provider = defineProvider({ name: 'B2C', reason: 'A test.', idTokenAlone: 'if no API is requested' })
  const { token } = request({ access_token: undefined, id_token: 'a.b.c' }, { provider })
  expect((await refusal(token, 'token_response_invalid')).message).toContain('its access_token is missing')
})

it.each<[string, object]>([
  ['an OAuth error at status 200', { error: 'invalid_scope' }],
  ['an OAuth error', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
])('%s is a refusal', async (_, answer) => {
  await refusal(request(answer).token, 'token_request_refused')
})

it.each([undefined, none()])('is for confidential clients only (§4.4): %o', async (clientAuth) => {
  const { sent, token } = request({}, { clientAuth })
  expect((await refusal(token, 'config_invalid')).message).toContain('clientAuth')
  expect(sent).toEqual([])
})

it('asks nothing of a server that lists other grants only, and says how to correct its metadata', async () => {
  const { sent, token } = request({}, {}, { grant_types_supported: ['authorization_code'] })
  const error = await refusal(token, 'not_supported')
  expect(error.message).toBe('The server metadata has grant_types_supported without client_credentials.')
  expect(error.hint).toContain('metadata option')
  expect(sent).toEqual([])
})

it('a scope that is required must be granted', async () => {
  const options = { scope: 'a b', requiredScope: 'b' }
  await refusal(request({ scope: 'a' }, options).token, 'scope_missing')
  expect((await request({ scope: 'b' }, options).token).scope).toBe('b')
})
