import { expect, it } from 'vitest'
import { refreshTokens } from '../../../src/protocol/token/refresh.js'
import type { ServerMetadata } from '../../../src/protocol.js'
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
