import { describe, expect, it } from 'vitest'
import { type RefreshOptions, refreshTokens } from '../../../src/protocol/token/refresh.js'
import { richAuthorization, type ServerMetadata } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { createSigner } from '../../helpers/signer.js'

const signer = createSigner('RS256')
const issuer = 'https://as.example'
const server: ServerMetadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
}
const now = Math.floor(Date.now() / 1000)
const signIn = { iss: issuer, sub: 'ada', aud: 'spa', iat: now - 100, exp: now + 200, auth_time: now - 100, nonce: 'n' }

/** A refresh that is answered with an ID token of these claims, after a sign-in of those before. */
function refreshed(claims: object, before: object = {}) {
  const rotations: string[] = []
  const id_token = signer.sign({ ...signIn, iat: now, nonce: undefined, ...claims })
  const grant = refreshTokens(server, 'spa', 'old', {
    fetch: async () => Response.json({ access_token: 'a', token_type: 'Bearer', refresh_token: 'new', id_token }),
    previousClaims: { ...signIn, ...before },
    onRotation: (refreshToken) => rotations.push(refreshToken),
  })
  return { grant, rotations }
}

it.each<[string, object, object?]>([
  ['as the sign-in was', {}],
  ['without what it need not hold', { auth_time: undefined }],
  ['with the nonce of the sign-in', { nonce: 'n' }, { nonce: 'n' }],
  ['of an earlier sign-in than the last', { auth_time: now - 5000 }],
  ['with the client as its azp', { azp: 'spa' }],
  ['with the same azp', { azp: 'spa' }, { azp: 'spa' }],
  ['as a list of one', { aud: ['spa'] }],
  ['for this client, where the one before had others too', { aud: 'spa' }, { aud: ['spa', 'api'] }],
  ['with others beside this client', { aud: ['spa', 'api'], azp: 'spa' }],
  ['with a newer auth_time, which is told of', { auth_time: now }],
])('an ID token %s is taken (OpenID Connect Core §12.2)', async (_, claims, before) => {
  const { grant } = refreshed(claims, before)
  expect((await grant).tokens.refreshToken).toBe('new')
})

it.each<[string, object, object?]>([
  ['sub', { sub: 'bob' }],
  ['iss', { iss: undefined }],
  ['aud', { aud: undefined }],
  ['aud', { aud: 'other' }],
  ['aud', { aud: ['other'] }],
  ['sub', { sub: '' }, { sub: undefined }],
  ['exp', { exp: `${now + 200}` }],
  ['exp', { exp: now - 301 }],
  ['nbf', { nbf: `${now}` }],
  ['nbf', { nbf: now + 400 }],
  ['iat', { iat: `${now}` }],
  ['azp', { aud: ['spa', 'api'] }],
  ['auth_time', { auth_time: '1' }],
  ['azp', { azp: 'evil' }],
  ['azp', { azp: 'evil' }, { azp: 'spa' }],
  ['iss', {}, { iss: 'https://other.example' }],
  ['nonce', { nonce: 'of another' }, { nonce: 'n' }],
  ['nonce', { nonce: 'of another' }, { nonce: undefined }],
  ['at_hash', { at_hash: 'wrong' }],
  ['iat', { iat: now - 10 * 31_536_000 }],
  ['iat', { iat: now + 10 * 31_536_000, exp: now + 11 * 31_536_000 }],
])('an ID token with another %s is refused: %o', async (name, claims, before) => {
  const { grant } = refreshed(claims, before)
  expect((await refusal(grant, 'id_token_invalid')).message).toContain(`its ${name} `)
})

it('a new refresh token is told of, also where the answer is refused', async () => {
  const { grant, rotations } = refreshed({ exp: now - 5000 })
  await refusal(grant, 'id_token_invalid')
  expect(rotations).toEqual(['new'])
})

describe('the request of a refresh (RFC 6749 §6)', () => {
  const payment = { type: 'payment', currency: 'EUR' }
  /** A refresh that is answered so, and what was sent for it. */
  function requested(options: RefreshOptions, answer: object = {}) {
    const sent: [string, string][][] = []
    const fetch = async (_: string, init: RequestInit) => {
      sent.push([...new URLSearchParams(String(init.body))])
      return Response.json({ access_token: 'the-access-token', token_type: 'Bearer', ...answer })
    }
    return { sent, grant: refreshTokens(server, 'spa', 'old', { fetch, ...options }) }
  }
  const least = [
    ['grant_type', 'refresh_token'],
    ['refresh_token', 'old'],
    ['client_id', 'spa'],
  ]

  it('is no more than the refresh token, where all that was granted is wanted', async () => {
    const { sent, grant } = requested({})
    const { tokens, claims } = await grant
    expect(sent).toEqual([least])
    // The old one stays valid where no new one comes.
    expect(tokens).toMatchObject({ accessToken: 'the-access-token', refreshToken: 'old', resource: undefined })
    expect(claims).toBeUndefined()
    // Nobody has to listen to a rotation.
    expect((await requested({}, { refresh_token: 'new' }).grant).tokens.refreshToken).toBe('new')
  })

  it('names the part that is wanted, and the token is for the first resource', async () => {
    const { sent, grant } = requested(
      {
        scope: 'read write',
        audience: 'api',
        resource: ['https://a.example/', 'https://b.example/'],
        rar: richAuthorization(),
        authorizationDetails: [payment],
      },
      { authorization_details: [payment] },
    )
    expect((await grant).tokens).toMatchObject({
      scope: 'read write',
      resource: 'https://a.example/',
      authorizationDetails: [payment],
    })
    expect(sent[0]!.sort()).toEqual(
      [
        ...least,
        ['scope', 'read write'],
        ['audience', 'api'],
        ['resource', 'https://a.example/'],
        ['resource', 'https://b.example/'],
        ['authorization_details', JSON.stringify([payment])],
      ].sort(),
    )
    const single = requested({ resource: 'https://a.example/' })
    expect((await single.grant).tokens.resource).toBe('https://a.example/')
    expect(single.sent[0]).toContainEqual(['resource', 'https://a.example/'])
  })

  it('is not sent with details that nobody would compare', async () => {
    const { sent, grant } = requested({ authorizationDetails: [payment] })
    expect((await refusal(grant, 'config_invalid')).message).toContain('rar: richAuthorization()')
    expect(sent).toEqual([])
  })

  it.each(['', undefined, 7, null])('is not sent with the refresh token %o', async (token) => {
    const sent: unknown[] = []
    const fetch = async (url: string) => sent.push(url) as never
    const error = await refusal(refreshTokens(server, 'spa', token as string, { fetch }), 'config_invalid')
    expect(error.message).toContain('refreshToken')
    expect(sent).toEqual([])
  })

  it.each([undefined, 7, ['new']])('no rotation is told of, where refresh_token is %o', async (refresh_token) => {
    const rotations: string[] = []
    const onRotation = (token: string) => rotations.push(token)
    await requested({ onRotation }, { refresh_token }).grant.catch(({ code }) =>
      expect(code).toBe('token_response_invalid'),
    )
    expect(rotations).toEqual([])
  })

  it('a response that is no JSON is refused as one, and rotates nothing', async () => {
    const fetch = async () => new Response('<html>', { headers: { 'content-type': 'application/json' } })
    const onRotation = () => expect.unreachable()
    await refusal(refreshTokens(server, 'spa', 'old', { fetch, onRotation }), 'token_response_invalid')
  })
})

it.each([
  ['newer than that of the sign-in is told of', now, 1],
  ['that is the same is not told of', now - 100, 0],
  ['that is older is not told of', now - 200, 0],
  ['that is missing is not told of', undefined, 0],
])('an auth_time %s', async (_, auth_time, times) => {
  let told = 0
  const id_token = signer.sign({ ...signIn, iat: now, nonce: undefined, auth_time })
  await refreshTokens(server, 'spa', 'old', {
    fetch: async () => Response.json({ access_token: 'a', token_type: 'Bearer', id_token }),
    previousClaims: signIn,
    onNewerAuthTime: () => told++,
  })
  expect(told).toBe(times)
})
