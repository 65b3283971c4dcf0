import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ServerMetadata, validateLogoutToken } from '../../../src/protocol.js'
import { createLogoutServer, LOGOUT_EVENT } from '../../helpers/logout-server.js'
import { refusal } from '../../helpers/refusal.js'
import { createSigner, SIGNING_ALGORITHMS } from '../../helpers/signer.js'

/** The tests' clock stands still. */
const now = Math.floor(Date.now() / 1000)
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const server = createLogoutServer()
const check = (token: string, by = server) => validateLogoutToken(by.metadata, 'web', token, { fetch: by.fetch })
const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('an honest logout token', () => {
  it('tells whose session ends', async () => {
    const claims = server.claims({ jti: 'j1' })
    expect(await check(server.token(claims))).toEqual({
      issuer: server.issuer,
      subject: 'ada',
      sessionId: 's1',
      jti: 'j1',
      issuedAtMs: Number(claims['iat']) * 1000,
      acceptedUntilMs: (Number(claims['exp']) + 300) * 1000,
    })
  })

  it.each<[string, object, object, object]>([
    ['a sub only', { sid: undefined }, {}, { subject: 'ada', sessionId: undefined }],
    ['a sid only', { sub: undefined }, {}, { subject: undefined, sessionId: 's1' }],
    ['the audience as a list', { aud: ['web'] }, {}, {}],
    ['no type', {}, { typ: undefined }, {}],
    ['its type as a whole media type', {}, { typ: 'application/logout+jwt' }, {}],
    ['its type in capitals', {}, { typ: 'LOGOUT+JWT' }, {}],
    ['more events, and more in them', { events: { [LOGOUT_EVENT]: { a: 1 }, other: 7 } }, {}, {}],
    ['more claims', { trace_id: 'x', events2: null }, {}, {}],
    ['nbf', { nbf: now }, {}, {}],
    ['the latest exp that there may be', { exp: now + 420 }, {}, {}],
  ])('may have %s', async (_, claims, header, told) => {
    expect(await check(server.token(claims, header))).toMatchObject(told)
  })

  it.each(SIGNING_ALGORITHMS)('may be signed by %s, where the server says that it does', async (alg) => {
    const signer = createSigner(alg)
    const other = createLogoutServer({ id_token_signing_alg_values_supported: [alg, 'none'] })
    other.keys = [createSigner('ES256', 'other').jwk, signer.jwk]
    expect(await check(other.token({}, {}, signer), other)).toMatchObject({ subject: 'ada' })
  })
})

describe('a logout token is refused for', () => {
  it.each<[string, object, string]>([
    ['another issuer', { iss: 'https://evil.example' }, 'iss'],
    ['an issuer with a slash', { iss: `${server.issuer}/` }, 'iss'],
    ['no issuer', { iss: undefined }, 'iss'],
    ['another audience', { aud: 'other' }, 'aud'],
    ['no audience', { aud: undefined }, 'aud'],
    ['one audience more', { aud: ['web', 'other'] }, 'aud'],
    ['a list without this client', { aud: ['other'] }, 'aud'],
    ['an empty list', { aud: [] }, 'aud'],
    ['an audience in an audience', { aud: [['web']] }, 'aud'],
    ['no iat', { iat: undefined }, 'iat'],
    ['an iat that is a text', { iat: `${now}` }, 'iat'],
    ['an iat in the future', { iat: now + 300 }, 'iat'],
    ['an old iat, though not expired', { iat: now - 420 }, 'iat'],
    ['no exp', { exp: undefined }, 'exp'],
    ['an exp that is a text', { exp: `${now + 60}` }, 'exp'],
    ['being expired', { exp: now - 300 }, 'exp'],
    ['an exp far ahead', { exp: now + 421 }, 'exp'],
    ['an nbf that is not yet', { nbf: now + 300 }, 'nbf'],
    ['an nbf that is a text', { nbf: 'now' }, 'nbf'],
    ['no jti', { jti: undefined }, 'jti'],
    ['an empty jti', { jti: '' }, 'jti'],
    ['a jti that is a number', { jti: 7 }, 'jti'],
    ['neither sub nor sid', { sub: undefined, sid: undefined }, 'sub or sid'],
    ['an empty sub', { sub: '' }, 'sub'],
    ['a sub that is a list', { sub: ['ada'] }, 'sub'],
    ['an empty sid', { sid: '' }, 'sid'],
    ['a sid that is null', { sid: null }, 'sid'],
    ['no events', { events: undefined }, 'events'],
    ['events that are a text', { events: LOGOUT_EVENT }, 'events'],
    ['events that are a list', { events: [LOGOUT_EVENT] }, 'events'],
    ['events of another kind', { events: { 'http://schemas.openid.net/event/other': {} } }, 'events'],
    ['an event that is no object', { events: { [LOGOUT_EVENT]: true } }, 'events'],
    ['an event that is null', { events: { [LOGOUT_EVENT]: null } }, 'events'],
    ['an event that is a list', { events: { [LOGOUT_EVENT]: [] } }, 'events'],
    ['a nonce', { nonce: 'n' }, 'nonce'],
    ['a nonce that is null', { nonce: null }, 'nonce'],
  ])('%s', async (_, claims, name) => {
    const error = await refusal(check(server.token(claims)), 'logout_token_invalid')
    expect(error.message).toContain(`its ${name} is wrong`)
  })

  it.each<[string, object, string]>([
    ['the type of an ID token', { typ: 'JWT' }, 'typ'],
    ['the type of an access token', { typ: 'at+jwt' }, 'typ'],
    ['a type that starts like it', { typ: 'logout+jwt2' }, 'typ'],
    ['a type that ends like it', { typ: 'no-logout+jwt' }, 'typ'],
    ['a type that is a list', { typ: ['logout+jwt'] }, 'typ'],
    ['alg none', { alg: 'none' }, 'alg'],
    ['alg HS256', { alg: 'HS256' }, 'alg'],
    ['an algorithm the server does not use', { alg: 'ES256' }, 'alg'],
  ])('%s', async (_, header, name) => {
    const error = await refusal(check(server.token({}, header)), 'logout_token_invalid')
    expect(error.message).toContain(`its ${name} is wrong`)
  })

  it.each<[string, object, object, RegExp]>([
    ['the issuer', { iss: 'https://evil.example' }, {}, /issuer of this client/],
    ['the audience', { aud: 'other' }, {}, /clientId/],
    ['the algorithm', {}, { alg: 'none' }, /never none or HS256/],
    ['a time', { exp: now - 300 }, {}, /clocks/],
  ])('%s, with a hint of its own', async (_, claims, header, hint) => {
    expect((await refusal(check(server.token(claims, header)), 'logout_token_invalid')).hint).toMatch(hint)
  })

  it('none and HS256, though the server itself says that it uses them', async () => {
    const careless = createLogoutServer({ id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'] })
    const unsigned = `${b64({ alg: 'none', typ: 'logout+jwt' })}.${b64(careless.claims())}.`
    await refusal(check(unsigned, careless), 'logout_token_invalid')
    await refusal(check(careless.token({}, { alg: 'HS256' }), careless), 'logout_token_invalid')
    expect(careless.requests).toEqual([])
    await expect(check(careless.token(), careless)).resolves.toHaveProperty('subject', 'ada')
  })

  it.each([
    ['a signature by another key', () => server.token({}, {}, createSigner('RS256', 'k1')), 'its signature is wrong'],
    ['a key nobody published', () => server.token({}, { kid: 'k2' }), 'has no key for it'],
    [
      'claims that were changed',
      () => server.token().replace(/\.[^.]+\./, `.${b64(server.claims({ sub: 'bob' }))}.`),
      'its signature',
    ],
    ['being an encrypted JWT', () => 'a.b.c.d.e', 'not a signed JWT'],
    ['being no JWT', () => 'token', 'not a signed JWT'],
    ['a crit header', () => server.token({}, { crit: ['exp'] }), 'not a signed JWT'],
  ])('%s', async (_, token, why) => {
    const error = await refusal(check(token()), 'logout_token_invalid')
    expect(error.message).toContain(why)
  })

  it('being an ID token, an access token or a client assertion', async () => {
    const common = { iss: server.issuer, aud: 'web', sub: 'ada', iat: now, exp: now + 100, jti: 'x', events: undefined }
    for (const header of [{ typ: undefined }, { typ: 'JWT' }, { typ: 'at+jwt' }])
      await refusal(check(server.token({ ...common, nonce: 'n' }, header)), 'logout_token_invalid')
  })
})

describe('clocks', () => {
  const skewed = (seconds: number) => {
    const token = server.token()
    vi.setSystemTime(Date.now() + seconds * 1000)
    return token
  }

  it.each([[-299], [-60], [0], [60], [419]])('may be %d seconds apart', async (seconds) => {
    await expect(check(skewed(seconds))).resolves.toHaveProperty('subject', 'ada')
  })

  it.each([[-300], [-100_000], [420], [100_000]])('may not be %d seconds apart', async (seconds) => {
    await refusal(check(skewed(seconds)), 'logout_token_invalid')
  })

  it('bound how long a token lives, whatever it says of itself', async () => {
    const offsets = fc.record({
      iat: fc.integer({ min: -2000, max: 2000 }),
      exp: fc.integer({ min: -2000, max: 2000 }),
    })
    const signer = createSigner('ES256')
    const quick = createLogoutServer({ id_token_signing_alg_values_supported: ['ES256'] })
    quick.keys = [signer.jwk]
    await fc.assert(
      fc.asyncProperty(offsets, async ({ iat, exp }) => {
        const token = quick.token({ iat: now + iat, exp: now + exp }, {}, signer)
        const accepted = await check(token, quick).then(
          ({ acceptedUntilMs }) => acceptedUntilMs,
          () => undefined,
        )
        if (accepted !== undefined) {
          expect(Math.abs(iat)).toBeLessThan(420)
          expect(accepted).toBeGreaterThan(now * 1000)
          expect(accepted).toBeLessThanOrEqual((now + 720) * 1000)
        }
        expect(accepted !== undefined).toBe(iat > -420 && iat < 300 && exp > -300 && exp <= 420)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the server’s keys', () => {
  it('are asked for only by a token that is right so far', async () => {
    const fresh = createLogoutServer()
    await refusal(check(fresh.token({ aud: 'other' }), fresh), 'logout_token_invalid')
    expect(fresh.requests).toEqual([])
    await check(fresh.token(), fresh)
    expect(fresh.requests).toEqual([fresh.metadata.jwks_uri])
  })

  it('that cannot be had are said so', async () => {
    const away = createLogoutServer()
    away.answer = () => {
      throw new TypeError('fetch failed')
    }
    await refusal(check(away.token(), away), 'network_error')
    const none = createLogoutServer({ jwks_uri: undefined } as unknown as ServerMetadata)
    await refusal(check(none.token(), none), 'endpoint_refused')
  })
})

it('no error repeats the token, or anybody’s name', async () => {
  for (const claims of [{ aud: 'other' }, { nonce: 'n' }, { iss: 'x' }, { events: 1 }]) {
    const token = server.token({ sub: 'ada-lovelace', sid: 'session-17', jti: 'token-17', ...claims })
    const error = await refusal(check(token), 'logout_token_invalid')
    const said = JSON.stringify([error, error.message, error.stack, error.cause])
    for (const secret of [token, token.split('.')[2]!, 'ada-lovelace', 'session-17', 'token-17'])
      expect(said).not.toContain(secret)
  }
})
