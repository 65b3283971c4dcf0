import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Grant } from '../../src/index.js'
import { tokensOf } from '../../src/session/dispose.js'
import {
  type AccessToken,
  freshMs,
  type StoredSession,
  sessionAfterRefresh,
  sessionAfterSignIn,
  tokenName,
  userOf,
} from '../../src/session/session-record.js'

const NOW_MS = 1_700_000_000_000
const NOW = NOW_MS / 1000
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
const pass = (seconds: number) => void vi.advanceTimersByTime(seconds * 1000)

const details = [{ type: 'payment' }]
const ada = { iss: 'https://as.example', aud: 'spa', sub: 'ada', iat: NOW, exp: NOW + 300 }

/** @param claims null for a response without an ID token */
function grant(tokens: object = {}, claims: object | null = {}): Grant {
  return {
    tokens: {
      ...{ accessToken: 'a1', tokenType: 'bearer', expiresAtMs: NOW_MS + 3_600_000, scope: 'openid orders' },
      ...{ resource: undefined, refreshToken: 'r1', idToken: 'i1' },
      ...tokens,
    },
    claims: claims ? { ...ada, ...claims } : undefined,
  } as Grant
}
type Origin = 'interactive' | 'silent'
const signIn = (given = grant(), before?: StoredSession, { jkt = 'key', origin = 'interactive' as Origin } = {}) =>
  sessionAfterSignIn(given, before, { jkt, origin })

describe('the session after a sign-in', () => {
  it('has what the server gave, and when', () => {
    const given = grant({ authorizationDetails: details, resource: 'https://api.example' }, { acr: 'high', nonce: 'n' })
    const { id, ...session } = signIn(given)
    expect(id).toMatch(/^[\w-]{43}$/)
    const facts = { scope: 'openid orders', acr: 'high', authenticatedAtMs: undefined, authorizationDetails: details }
    expect(session).toEqual({
      session: {
        claims: given.claims,
        scope: 'openid orders',
        authorizationDetails: details,
        expiresAtMs: NOW_MS + 3_600_000,
        startedAtMs: NOW_MS,
      },
      refresh: { ...facts, refreshToken: 'r1', nonce: 'n' },
      idToken: 'i1',
      tokens: {
        '': {
          ...facts,
          accessToken: 'a1',
          resource: 'https://api.example',
          expiresAtMs: NOW_MS + 3_600_000,
          receivedAtMs: NOW_MS,
          staleAtMs: NOW_MS + 3_570_000,
        },
      },
      jkt: 'key',
    })
  })

  it('without an ID token has no claims and no facts of it', () => {
    const given = { ...grant({ idToken: undefined }), claims: undefined }
    const { session, refresh, tokens } = signIn(given)
    expect(session.claims).toBeUndefined()
    expect(refresh).toMatchObject({ acr: undefined, authenticatedAtMs: undefined, nonce: undefined })
    expect(tokens['']).toMatchObject({ acr: undefined, authenticatedAtMs: undefined })
  })

  it('has another id each time', () => {
    expect(signIn().id).not.toBe(signIn().id)
  })

  it.each([
    ['the time between authentication and ID token, by the server’s clock', NOW + 500, NOW + 400, NOW_MS - 100_000],
    ['no time, if the ID token is older than the authentication', NOW - 100, NOW, NOW_MS],
  ])('was authenticated before now by %s', (_, iat, auth_time, authenticatedAtMs) => {
    expect(signIn(grant({}, { iat, auth_time })).tokens['']).toMatchObject({ authenticatedAtMs })
  })

  it('of a token that does not expire is never stale', () => {
    const { tokens, session } = signIn(grant({ expiresAtMs: undefined }))
    expect([tokens['']?.expiresAtMs, tokens['']?.staleAtMs, session.expiresAtMs]).toEqual(Array(3).fill(undefined))
  })
})

describe('a second sign-in without a new refresh token', () => {
  const earlier = () => signIn()
  const second = () => grant({ accessToken: 'a2', refreshToken: undefined, idToken: undefined })
  const kept = ({ refresh, idToken }: StoredSession) => [refresh?.refreshToken, idToken]

  it('of the same user with the same key keeps the one of the first, and its ID token', () => {
    expect(kept(signIn(second(), earlier()))).toEqual(['r1', 'i1'])
    expect(signIn(second(), earlier()).tokens['']?.accessToken).toBe('a2')
  })

  it('that has both has its own', () => {
    expect(kept(signIn(grant({ refreshToken: 'r2', idToken: 'i2' }), earlier()))).toEqual(['r2', 'i2'])
  })

  it.each<[string, () => StoredSession]>([
    ['another user', () => signIn({ ...second(), claims: { ...ada, sub: 'bob' } }, earlier())],
    [
      'a user of the same name at another issuer',
      () => signIn({ ...second(), claims: { ...ada, iss: 'x' } }, earlier()),
    ],
    ['nobody known', () => signIn({ ...second(), claims: undefined }, earlier())],
    ['another key', () => signIn(second(), earlier(), { jkt: 'other' })],
    ['nobody before', () => signIn(second())],
  ])('of %s keeps nothing', (_, make) => {
    expect(kept(make())).toEqual([undefined, undefined])
  })

  it('of nobody known after nobody known keeps nothing', () => {
    const unknown = signIn({ ...grant(), claims: undefined })
    expect(kept(signIn({ ...second(), claims: undefined }, unknown))).toEqual([undefined, undefined])
  })

  it('asks for the tokens of other resources again', () => {
    const first = { ...earlier(), tokens: { ...earlier().tokens, other: earlier().tokens['']! } }
    expect(Object.keys(signIn(second(), first).tokens)).toEqual([''])
  })
})

describe('the sign-in that the absolute limit counts from', () => {
  const startedAtMs = (given: Grant, before?: StoredSession, origin: Origin = 'interactive') =>
    signIn(given, before, { origin }).session.startedAtMs
  const authTime = (auth_time: number | undefined, sub = 'ada') => grant({}, { auth_time, sub, iat: Date.now() / 1000 })

  it('is now, for one with the user', () => {
    expect(startedAtMs(authTime(NOW - 500))).toBe(NOW_MS)
    const [before, untimed] = [signIn(authTime(NOW - 500)), signIn(authTime(undefined))]
    pass(100)
    expect(startedAtMs(authTime(undefined), before)).toBe(NOW_MS + 100_000)
    expect(startedAtMs(authTime(undefined), untimed)).toBe(NOW_MS + 100_000)
    expect(startedAtMs(authTime(NOW), before)).toBe(NOW_MS + 100_000)
  })

  it('is the first one, if the server’s time of authentication is the same', () => {
    const before = signIn(authTime(NOW - 500))
    pass(100)
    for (const origin of ['interactive', 'silent'] as const)
      expect(startedAtMs(authTime(NOW - 500), before, origin)).toBe(NOW_MS)
    expect(startedAtMs(authTime(NOW - 500, 'bob'), before)).toBe(NOW_MS + 100_000)
  })

  it('is the first one, if a silent one tells no time', () => {
    const before = signIn(authTime(undefined))
    pass(100)
    expect(startedAtMs(authTime(undefined), before, 'silent')).toBe(NOW_MS)
  })

  it('is the authentication, for a silent one of a user who was not there before', () => {
    expect(startedAtMs(authTime(NOW - 500), undefined, 'silent')).toBe(NOW_MS - 500_000)
    expect(startedAtMs(authTime(undefined), undefined, 'silent')).toBe(NOW_MS)
    expect(startedAtMs({ ...grant(), claims: undefined }, undefined, 'silent')).toBe(NOW_MS)
  })
})

describe('the session after a refresh', () => {
  const earlier = () =>
    signIn(grant({}, { acr: 'high', amr: ['pwd'], auth_time: NOW - 50, nonce: 'n', email: 'a@b.example' }))
  const refreshed = (tokens: object = {}, claims: object | null = {}, name = '', from = earlier()) =>
    sessionAfterRefresh(grant({ accessToken: 'a2', ...tokens }, claims), from, name)

  it('has the new tokens, and the id and start of the old one', () => {
    const first = earlier()
    pass(100)
    const expiresAtMs = NOW_MS + 700_000
    const next = refreshed(
      { refreshToken: 'r2', idToken: 'i2', expiresAtMs, authorizationDetails: details },
      {},
      '',
      first,
    )
    expect([next.id, next.jkt, next.session.startedAtMs]).toEqual([first.id, 'key', NOW_MS])
    expect([next.refresh?.refreshToken, next.refresh?.nonce, next.idToken]).toEqual(['r2', 'n', 'i2'])
    expect(next.session).toMatchObject({ expiresAtMs, authorizationDetails: details })
    expect(next.tokens['']).toMatchObject({
      ...{ accessToken: 'a2', expiresAtMs, receivedAtMs: NOW_MS + 100_000, staleAtMs: NOW_MS + 670_000 },
      ...{ authenticatedAtMs: NOW_MS - 50_000, authorizationDetails: details },
    })
  })

  it('keeps the refresh token and the ID token where the server sends none (RFC 6749 §6)', () => {
    const next = refreshed({ refreshToken: undefined, idToken: undefined }, null)
    expect([next.refresh?.refreshToken, next.idToken]).toEqual(['r1', 'i1'])
    expect(next.session.claims).toEqual(earlier().session.claims)
  })

  it('has no refresh token that it did not have', () => {
    const first = { ...earlier(), refresh: undefined }
    const next = refreshed({ refreshToken: 'r2', scope: '' }, {}, '', first)
    expect([next.refresh, next.tokens['']?.scope, next.tokens['']?.authenticatedAtMs]).toEqual([
      undefined,
      '',
      undefined,
    ])
  })

  it('has newer claims, but says how and when the user signed in as the sign-in did', () => {
    const news = { email: 'new@b.example', acr: 'low', amr: ['mfa'], auth_time: NOW, nonce: 'other', iat: NOW + 9 }
    expect(refreshed({}, news).session.claims).toEqual({
      ...earlier().session.claims,
      email: 'new@b.example',
      iat: NOW + 9,
    })
    expect(refreshed({}, { email: undefined }).session.claims).toMatchObject({ email: undefined })
    expect(refreshed({}, {}).session.claims).toMatchObject({ email: 'a@b.example' })
  })

  it.each([
    ['of its own', { acr: 'low' }, 'low'],
    ['of the sign-in, if it says none', {}, 'high'],
  ])('has a token with the acr %s', (_, claims, acr) => {
    expect(refreshed({}, claims).tokens['']?.acr).toBe(acr)
    expect(refreshed({}, null).tokens['']?.acr).toBe('high')
  })

  it('takes the scope of the refresh token where the server tells none', () => {
    const next = refreshed({ scope: '' })
    expect([next.tokens['']?.scope, next.session.scope]).toEqual(['openid orders', 'openid orders'])
    const less = refreshed({ scope: 'openid' })
    expect([less.tokens['']?.scope, less.session.scope]).toEqual(['openid', 'openid'])
  })

  it('for another resource leaves the sign-in’s own token and scope as they are', () => {
    const next = refreshed({ scope: 'read', resource: 'https://api.example', expiresAtMs: NOW_MS + 1000 }, {}, 'other')
    expect(next.session).toMatchObject({ scope: 'openid orders', expiresAtMs: NOW_MS + 3_600_000 })
    expect(next.tokens['']?.accessToken).toBe('a1')
    expect(next.tokens['other']).toMatchObject({ accessToken: 'a2', scope: 'read', resource: 'https://api.example' })
  })

  it('loses the tokens for other resources that have expired, and no others', () => {
    const token = (expiresAtMs: number | undefined) => ({ ...earlier().tokens['']!, expiresAtMs }) as AccessToken
    const tokens = { '': token(NOW_MS - 1), over: token(NOW_MS), good: token(NOW_MS + 1), always: token(undefined) }
    const next = refreshed({}, {}, 'new', { ...earlier(), tokens })
    expect(Object.keys(next.tokens)).toEqual(['', 'good', 'always', 'new'])
  })

  it.each([
    ['over already', 0, 60],
    ['over in a second', 1, 60],
    ['over in two', 2, 1.75],
  ])('whose token is %s is used for a minute only in the first case', (_, lifetime, usedSeconds) => {
    const { staleAtMs } = refreshed({ expiresAtMs: NOW_MS + lifetime * 1000 }).tokens['']!
    expect(staleAtMs).toBe(NOW_MS + usedSeconds * 1000)
  })
})

it('a token of a sign-in that is over already is stale', () => {
  expect(signIn(grant({ expiresAtMs: NOW_MS })).tokens['']?.staleAtMs).toBe(NOW_MS)
})

describe('a token is refreshed', () => {
  it.each([
    [0, 3_600_000, 3_570_000],
    [1, 3_600_000, 3_540_000],
    [0, 100_000, 87_500],
    [1, 100_000, 75_000],
  ])('shortly before its end, at a random moment (%d): of %i ms after %i', (random, leftMs, usedMs) => {
    vi.spyOn(Math, 'random').mockReturnValue(random)
    expect(freshMs(leftMs)).toBe(usedMs)
  })
})

describe('the name of a token', () => {
  it('is one for each resource, scope, audience and details, and empty for the sign-in’s own', () => {
    const wishes = [
      ...[{ resource: 'x' }, { scope: 'x' }, { audience: 'x' }, { authorizationDetails: details }],
      ...[
        { resource: 'x', scope: 'x' },
        { resource: 'x', authorizationDetails: details },
      ],
    ]
    expect(new Set(wishes.map(tokenName)).size).toBe(wishes.length)
    expect(tokenName({ scope: 'a', resource: 'b' })).toBe(tokenName({ resource: 'b', scope: 'a' }))
    expect([tokenName({}), tokenName({ scope: undefined })]).toEqual(['', ''])
  })
})

it('a user is one of an issuer', () => {
  expect(userOf(undefined)).toBeUndefined()
  expect(new Set([ada, { ...ada, sub: 'bob' }, { ...ada, iss: 'x' }].map(userOf)).size).toBe(3)
  expect(userOf({ ...ada, exp: 0 })).toBe(userOf(ada))
})

describe('the tokens that are worth revoking', () => {
  it('are the refresh token, and access tokens until a while after their end: clocks differ', () => {
    const token = (accessToken: string, expiresAtMs: number | undefined) =>
      ({ ...signIn().tokens['']!, accessToken, expiresAtMs }) as AccessToken
    const tokens = { '': token('good', NOW_MS + 1), a: token('over', NOW_MS - 1), b: token('old', NOW_MS - 3_600_000) }
    expect(tokensOf({ ...signIn(), tokens: { ...tokens, c: token('always', undefined) } })).toEqual({
      accessTokens: ['good', 'over', 'always'],
      refreshToken: 'r1',
    })
    expect(tokensOf({ ...signIn(), refresh: undefined, tokens: {} })).toEqual({
      accessTokens: [],
      refreshToken: undefined,
    })
  })
})
