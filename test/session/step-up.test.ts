// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createApiFetch,
  type SessionClient,
  type SessionClientConfig,
  stepUp,
  type TokenFacts,
} from '../../src/index.js'
import type { Challenge } from '../../src/protocol/resource/challenge.js'
import { sessionAfterSignIn } from '../../src/session/session-record.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import { API, type Faults } from '../helpers/server.js'
import { createSessionApp } from '../helpers/session-app.js'
import { travelBy } from '../helpers/sign-in-attempt.js'

const NOW = 1_800_000_000
/** The facts of a token that came just now, with an ID token of these claims. */
const factsOf = (claims: object): TokenFacts => {
  const session = sessionAfterSignIn(
    {
      tokens: {
        accessToken: 'x',
        tokenType: 'bearer',
        expiresAtMs: undefined,
        scope: 'openid',
        resource: undefined,
        refreshToken: undefined,
        idToken: undefined,
      },
      claims: { iss: '', aud: '', sub: 'ada', iat: NOW, exp: NOW + 300, ...claims },
    },
    undefined,
    { jkt: undefined, origin: 'interactive' },
  )
  return session.tokens['']!
}
const asked = (more: Challenge) => ({ error: 'insufficient_user_authentication', ...more })

function judged(challenge: Challenge, given?: object) {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 })
  return () => stepUp(challenge, factsOf(given ?? {}))
}
afterEach(() => {
  vi.useRealTimers()
})

describe('stepUp', () => {
  it.each([[{}], [{ error: 'invalid_token' }], [{ error: 'insufficient_scope', acr_values: 'high' }]])(
    'has nothing to say of %o',
    (challenge) => {
      expect(judged(challenge, {})()).toBeUndefined()
    },
  )

  it.each<[string, Challenge, object | undefined, object]>([
    ['another acr', { acr_values: 'high' }, { acr: 'low' }, { acrValues: 'high' }],
    ['no acr', { acr_values: 'high' }, {}, { acrValues: 'high' }],
    ['no claims', { acr_values: 'high' }, undefined, { acrValues: 'high' }],
    ['an acr that is only part of one', { acr_values: 'higher' }, { acr: 'high' }, { acrValues: 'higher' }],
    ['an acr that is several in one', { acr_values: 'a b' }, { acr: 'a b' }, { acrValues: 'a b' }],
    ['a sign-in too long ago', { max_age: '60' }, { auth_time: NOW - 61 }, { maxAgeSeconds: 60 }],
    [
      'one too long ago by another clock',
      { max_age: '60' },
      { auth_time: NOW + 539, iat: NOW + 600 },
      { maxAgeSeconds: 60 },
    ],
    ['no auth_time', { max_age: '60' }, {}, { maxAgeSeconds: 60 }],
    [
      'the right acr too long ago',
      { acr_values: 'high', max_age: '60' },
      { acr: 'high', auth_time: NOW - 61 },
      { acrValues: 'high', maxAgeSeconds: 60 },
    ],
  ])('wants another sign-in where it has %s', async (_, challenge, given, requirements) => {
    const error = await refusal(judged(asked(challenge), given), 'step_up_required')
    expect(error.requirements).toEqual(requirements)
  })

  it.each<[string, Challenge, object]>([
    ['one of the acr values', { acr_values: 'high higher' }, { acr: 'higher' }],
    ['a recent sign-in', { max_age: '60' }, { auth_time: NOW - 60 }],
    ['a recent sign-in by another clock', { max_age: '60' }, { auth_time: NOW - 660, iat: NOW - 600 }],
    ['a sign-in of just now', { max_age: '0' }, { auth_time: NOW - 3 }],
    ['both', { acr_values: 'high', max_age: '60' }, { acr: 'high', auth_time: NOW }],
    ['nothing to be asked for', {}, {}],
  ])('goes round no circle where it has %s', async (_, challenge, given) => {
    await refusal(judged(asked(challenge), given), 'step_up_failed')
  })

  it.each([['-1'], ['1e3'], ['5 '], ['9999999'], ['Infinity'], ['']])('takes no max_age of %o', async (max_age) => {
    const error = await refusal(judged(asked({ max_age, acr_values: 'high' }), {}), 'step_up_required')
    expect(error.requirements).toEqual({ acrValues: 'high', maxAgeSeconds: undefined })
  })

  it('cuts what a hostile API asks for, and says none of it', async () => {
    const acr_values = `<script>\u0000\r\nevil\u202e ${'x'.repeat(5000)}`
    const error = await refusal(judged(asked({ acr_values }), {}), 'step_up_required')
    expect(error.requirements?.acrValues).toMatch(/^[\x20-\x7e]{1,200}$/)
    expect(`${error.message} ${error.hint}`).not.toMatch(/script|evil|xxx/)
  })
})

describe('error.signIn()', () => {
  const demand = (challenge: string) =>
    new Response(null, { status: 401, headers: { 'www-authenticate': `Bearer ${challenge}` } })
  const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)
  let auth: SessionClient
  let server: ReturnType<typeof createSessionApp>['server']

  /** Somebody is signed in, and the API says what it wants. */
  async function signedIn(faults: Faults, config: Partial<SessionClientConfig> = {}) {
    vi.useFakeTimers({ toFake: ['Date'] })
    goTo('https://app.example/')
    const app = createSessionApp(faults, { stepUp, ...config })
    server = app.server
    auth = app.tab().auth
    await auth.signIn()
  }
  afterEach(() => auth.close())

  it('asks for the scope that was granted before, too', async () => {
    let challenge = 'error="insufficient_scope", scope="orders"'
    await signedIn({ claims: { acr: 'low' }, api: () => demand(challenge) })
    await (await refusal(createApiFetch(auth)(API), 'insufficient_scope')).signIn?.()
    challenge = 'error="insufficient_user_authentication", acr_values="high"'
    const error = await refusal(createApiFetch(auth)(API), 'step_up_required')
    server.faults.claims = { acr: 'high' }
    await error.signIn?.()
    expect(auth.session).toMatchObject({ scope: 'openid orders', claims: { acr: 'high' } })
  })

  it.each([
    ['a weaker one, a longer time', 'acr_values="mfa low", max_age=3600', 'mfa', '300'],
    ['a stronger one, a shorter time', 'acr_values="phr", max_age=60', 'phr', '60'],
    ['nothing but a shorter time', 'max_age=60', 'mfa phr', '60'],
  ])('joins what the API asks for to what the app demands: %s', async (_, challenge, acr, maxAge) => {
    const sent: URL[] = []
    const userAgent = travelBy((url) => {
      sent.push(url)
      return server.visit(url)
    })
    await signedIn(
      { claims: { acr: 'mfa' }, api: () => demand(`error="insufficient_user_authentication", ${challenge}`) },
      { userAgent, acrValues: 'mfa phr', maxAgeSeconds: 300 },
    )
    later(4000)
    server.faults.claims = { acr: acr.split(' ')[0] }
    const error = await refusal(createApiFetch(auth)(API), 'step_up_required')
    await error.signIn?.()
    expect(sent.at(-1)?.searchParams.get('acr_values')).toBe(acr)
    expect(sent.at(-1)?.searchParams.get('max_age')).toBe(maxAge)
  })

  it('asks for no sign-in that the app itself would refuse, and says what to change', async () => {
    await signedIn(
      { claims: { acr: 'mfa' }, api: () => demand('error="insufficient_user_authentication", acr_values="pwd"') },
      { acrValues: 'mfa' },
    )
    const error = await refusal(createApiFetch(auth)(API), 'step_up_failed')
    expect(error.hint).toContain('acrValues')
    expect(error.signIn).toBeUndefined()
    await refusal(auth.signIn({ acrValues: 'pwd' }), 'config_invalid')
  })

  it.each([
    ['more scope', 'error="insufficient_scope", scope="orders"'],
    ['a strong sign-in', 'error="insufficient_user_authentication", acr_values="high"'],
    ['a sign-in of this very moment', 'error="insufficient_user_authentication", max_age=0'],
    ['both', 'error="insufficient_user_authentication", acr_values="high", max_age=0'],
  ])('that gives an API %s it asks for is followed by no second one', async (_, challenge) => {
    await signedIn({ api: () => demand(challenge) })
    later(60)
    const { code, signIn } = await createApiFetch(auth)(API).catch((error) => error)
    expect(code).toMatch(/^(insufficient_scope|step_up_required)$/)
    server.faults.claims = { acr: 'high' }
    await signIn()
    for (let time = 0; time < 3; time++) {
      later(1)
      const error = await refusal(createApiFetch(auth)(API), 'step_up_failed')
      expect(error.signIn).toBeUndefined()
    }
  })

  it('is offered also where this clock is behind the server’s', async () => {
    const challenge = 'error="insufficient_user_authentication", max_age=60'
    const authTime = Math.floor(Date.now() / 1000) + 240
    await signedIn({
      claims: { iat: authTime, auth_time: authTime, exp: authTime + 300 },
      api: () => demand(challenge),
    })
    later(61)
    await refusal(createApiFetch(auth)(API), 'step_up_required')
  })
})
