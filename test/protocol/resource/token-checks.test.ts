import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Claims,
  requireChecks,
  type TokenPolicy,
  tokenChecks,
  tokenRefused,
} from '../../../src/protocol/resource/token-checks.js'
import { refusal } from '../../helpers/refusal.js'

/** The tests' clock stands still. */
const now = 1_800_000_000
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 }))
afterEach(() => void vi.useRealTimers())

const policy: TokenPolicy = { issuer: 'https://as.example', audiences: ['api', 'other'], clockToleranceSeconds: 30 }
const failed = (claims: Claims, more: Partial<TokenPolicy> = {}) =>
  Object.entries(tokenChecks({ aud: 'api', ...claims }, { ...policy, ...more })).flatMap(([name, passed]) =>
    passed ? [] : [name],
  )

describe('the claims of a token', () => {
  it.each<[string, Claims, Partial<TokenPolicy>?]>([
    ['may be missing, but for the audience', {}],
    [
      'may be all there',
      {
        ...{ iss: 'https://as.example', exp: now + 60, nbf: now, iat: now, sub: 'ada', client_id: 'web', jti: '1' },
        ...{ scope: '', auth_time: now, acr: 'mfa', cnf: { jkt: 'x' } },
      },
      { clientIds: ['web'] },
    ],
    ['may be for several audiences', { aud: ['x', 'other'] }],
    ['may be as late as the clocks may differ', { exp: now - 29, nbf: now + 30, iat: now + 30 }],
    ['may be bound to a certificate', { cnf: { 'x5t#S256': 'x' } }],
  ])('%s', (_, claims, more) => {
    expect(failed(claims, more)).toEqual([])
  })

  it.each<[string, Claims, Partial<TokenPolicy>?]>([
    ['iss', { iss: 'https://other.example' }],
    ['iss', { iss: null }],
    ['aud', { aud: undefined }],
    ['aud', { aud: 'x' }],
    ['aud', { aud: [['api']] }],
    ['exp', { exp: now - 30 }],
    ['exp', { exp: `${now + 60}` }],
    ['exp', { exp: Number.NaN }],
    ['nbf', { nbf: now + 31 }],
    ['nbf', { nbf: '0' }],
    ['iat', { iat: now + 31 }],
    ['iat', { iat: null }],
    ['sub', { sub: '' }],
    ['sub', { sub: 7 }],
    ['client_id', { client_id: '' }],
    ['client_id', { client_id: ['web'] }],
    ['client_id', { client_id: 'web' }, { clientIds: ['other'] }],
    ['client_id', {}, { clientIds: ['web'] }],
    ['jti', { jti: '' }],
    ['jti', { jti: 7 }],
    ['scope', { scope: ['a'] }],
    ['auth_time', { auth_time: '7' }],
    ['acr', { acr: '' }],
    ['acr', { acr: 2 }],
    ['cnf', { cnf: {} }],
    ['cnf', { cnf: null }],
    ['cnf', { cnf: { kid: 'x' } }],
    ['cnf', { cnf: { jkt: '' } }],
    ['cnf', { cnf: { jkt2: 'x' } }],
    ['cnf', { cnf: { xjkt: 'x' } }],
    ['cnf', { cnf: { jkt: 'x', kid: 'x' } }],
  ])('are refused for %s: %j', (name, claims, more) => {
    expect(failed(claims, more)).toEqual([name])
  })
})

describe('a refusal', () => {
  it('names the first check that failed, and the claim', async () => {
    const claims = { iss: 'x', exp: now - 60 }
    const error = await refusal(() => requireChecks({ aud: true, exp: false, iss: false }, claims), 'token_refused')
    expect(error.message).toBe('The access token was refused: its exp is wrong (-60 s from now).')
    expect(error.claim).toBe('exp')
    expect(() => requireChecks({ aud: true }, claims)).not.toThrow()
  })

  it.each([
    ['exp', 'exp', /clocks/],
    ['nbf', 'nbf', /clocks/],
    ['iat', 'iat', /clocks/],
    ['aud', 'aud', /RFC 8707/],
    ['typ', undefined, /accessTokensWithoutStandardType/],
    ['alg', undefined, /which server and client/],
    ['sub', 'sub', /which server and client/],
    [undefined, undefined, /which server and client/],
  ])('for %s has the claim %s and a hint', (check, claim, hint) => {
    const error = tokenRefused('no', check)
    expect([error.code, error.message, error.claim]).toEqual([
      'token_refused',
      'The access token was refused: no.',
      claim,
    ])
    expect(error.hint).toMatch(hint)
  })
})
