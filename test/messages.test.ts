import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { warnOnMistakes } from '../src/client/warn-on-mistakes.js'
import { createEmitter, type ProofkeyEvent } from '../src/events.js'
import { allowInsecureLoopback, createClient, createSessionClient, frame, popup } from '../src/index.js'
import { timeProblem } from '../src/protocol/clock.js'
import { discover } from '../src/protocol.js'
import { createServerClient, memoryVault, none } from '../src/server.js'
import { refusal } from './helpers/refusal.js'
import { answered } from './helpers/token-answer.js'

/** Each of these said something else than what was wrong. */
const config = {
  issuer: 'https://as.example',
  clientId: 'spa',
  redirectUri: 'https://app.example/callback',
  scope: 'openid',
}
const bearer = { access_token: 'the-access-token', token_type: 'Bearer' }

describe('the configuration', () => {
  const problemsOf = async (options: object) =>
    (await refusal(() => createClient({ ...config, ...options }), 'config_invalid')).message

  it('of an http issuer names allowInsecureLoopback', async () => {
    expect(await problemsOf({ issuer: 'http://localhost:8080' })).toContain('insecure: allowInsecureLoopback')
    const { hint } = await refusal(discover('http://localhost:8080'), 'endpoint_refused')
    expect(hint).toContain('allowInsecureLoopback')
  })

  it.each([true, 'yes', {}])('of insecure: %j names it, whatever the issuer', async (insecure) => {
    for (const issuer of ['http://localhost:8080', 'https://as.example'])
      expect(await problemsOf({ issuer, insecure })).toMatch(/insecure \(\w+\): must be allowInsecureLoopback/)
    await refusal(discover('http://localhost:8080', { insecure: insecure as never }), 'endpoint_refused')
    const api = () =>
      createSessionClient({ ...config, insecure: insecure as never, apis: { 'http://localhost:1': { scope: 'a' } } })
    await refusal(api, 'config_invalid')
  })

  it.each(['userAgent', 'dpop', 'vault', 'clientAuth', 'rar'])(
    'of a %s that is not called says to call it',
    async (name) => {
      expect(await problemsOf({ [name]: popup })).toContain(`${name} (function): must be called, with ()`)
    },
  )

  it('of a frame that should show pages, and of a popup that should not, says which is for what', async () => {
    // @ts-expect-error It shows nothing.
    const shown = () => createClient({ ...config, userAgent: frame() })
    expect((await refusal(shown, 'config_invalid')).message).toContain(
      'userAgent (object): must show pages, unlike frame()',
    )
    // @ts-expect-error It shows pages.
    const silent = () => createSessionClient({ ...config, silent: popup() })
    const { message } = await refusal(silent, 'config_invalid')
    expect(message).toContain('silent: must be frame(), which shows nothing')
    expect(message).not.toContain('openid')
    // @ts-expect-error It is not called.
    const uncalled = () => createSessionClient({ ...config, silent: frame })
    expect((await refusal(uncalled, 'config_invalid')).message).toContain(
      'silent: must be frame(), which shows nothing',
    )
    const withoutIdToken = () => createSessionClient({ ...config, scope: 'api', silent: frame() })
    const { message: other } = await refusal(withoutIdToken, 'config_invalid')
    expect(other).toContain('silent: needs the scope openid')
    expect(other).not.toContain('must be frame')
  })
})

describe('metadata that is not there', () => {
  it('without CORS: names the issuer, and that an absent document looks like no response', async () => {
    const fetch = async () => {
      throw new TypeError('Failed to fetch')
    }
    const { message, hint } = await refusal(discover('https://as.example/wrong', { fetch }), 'network_error')
    expect(message).toContain('No metadata of https://as.example/wrong:')
    expect(hint).toContain('a 404 without it looks like no response')
  })

  it('on a server: names what the system says, and that CORS is of pages', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.close()
    await once(server, 'close')
    const refused = await refusal(discover(issuer, { insecure: allowInsecureLoopback }), 'network_error')
    expect(refused.message).toContain('/.well-known/openid-configuration did not respond (ECONNREFUSED).')
    expect(refused.hint).toContain('Check the issuer, in a page also CORS')
    const own = Object.assign(new Error('secret'), { code: 'secret' })
    const fetch = async () => {
      throw new TypeError('Failed to fetch', { cause: own })
    }
    expect((await refusal(discover('https://as.example', { fetch }), 'network_error')).message).not.toContain('secret')
  })
})

describe('a token request', () => {
  const refusedWith = (error: string, status = 401) =>
    refusal(answered({ body: { error }, status }).grant, 'token_request_refused')

  it.each(['invalid_client', 'unauthorized_client', 'incorrect_client_credentials', 'bad_client_secret'])(
    'that is answered %s is about the client, and not about a stolen code',
    async (error) => {
      const { hint } = await refusedWith(error)
      expect(hint).toContain('clientId')
      expect(hint).toContain('secret')
      expect(hint).not.toMatch(/stolen|new sign-in/)
    },
  )

  it('that is refused for another reason does not tell of a stolen code either', async () => {
    expect((await refusedWith('invalid_grant', 400)).hint).toContain('stolen code')
    for (const error of ['invalid_scope', 'invalid_request', 'invalid_target', 'unsupported_grant_type'])
      expect((await refusedWith(error, 400)).hint).not.toContain('stolen')
  })

  it('whose proof the server does not take is about the clock', async () => {
    expect((await refusedWith('invalid_dpop_proof', 400)).hint).toContain('clock')
  })

  it('that is answered with 401 and no OAuth error names the client too', async () => {
    const { hint } = await refusal(answered({ body: '', status: 401 }).grant, 'token_request_refused')
    expect(hint).toMatch(/client/)
  })
})

describe('a clock', () => {
  it.each<[string, object, RegExp]>([
    ['exp', { exp: 420 }, /its exp is wrong \(-4(19|20|21) s from now\)/],
    ['nbf', { nbf: -600 }, /its nbf is wrong \((599|600|601) s from now\)/],
    ['iat', { iat: 100_000, exp: -300 }, /its iat is wrong \(-(99999|100000|100001) s from now\)/],
  ])('that differs: says by how much, by its %s', async (claim, ages, expected) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = Object.fromEntries(Object.entries(ages).map(([name, age]) => [name, now - age]))
    // The server tells its own time, which is ours.
    const headers = { date: new Date(now * 1000).toUTCString() }
    const error = await refusal(answered({ body: bearer, claims, headers }).grant, 'id_token_invalid')
    expect(error.claim).toBe(claim)
    expect(error.message).toMatch(expected)
    expect(error.hint).toContain('clock')
  })

  it('says of an auth_time how long ago it was', async () => {
    const auth_time = Math.floor(Date.now() / 1000) - 3600
    const error = await refusal(
      answered({ body: bearer, claims: { auth_time }, scope: 'openid', maxAgeSeconds: 60 }).grant,
      'id_token_invalid',
    )
    expect(error.message).toMatch(/its auth_time is wrong \(-36\d\d s from now\)/)
  })

  it('has nothing to say of a time that is none', () => {
    expect(timeProblem('exp', undefined)).toBe('its exp is missing')
    expect(timeProblem('exp', '1 January')).toBe('its exp is wrong')
    expect(timeProblem('exp', Number.NaN)).toBe('its exp is wrong')
    expect(timeProblem('azp', 12)).toBe('its azp is wrong')
    expect(timeProblem('iat', 130, 100)).toBe('its iat is wrong (30 s from now)')
  })
})

describe('a nonce', () => {
  it.each<[string, string | undefined]>([
    ['missing', undefined],
    ['wrong', 'of-another-sign-in'],
  ])('that is %s is called so', async (what, nonce) => {
    const error = await refusal(
      answered({ body: bearer, claims: { nonce }, scope: 'openid' }).grant,
      'id_token_invalid',
    )
    expect(error.message).toBe(`The ID token was rejected: its nonce is ${what}.`)
  })
})

describe('returnTo', () => {
  it('that is refused: says what was expected', () => {
    const { emit, subscribe } = createEmitter<ProofkeyEvent>()
    const texts: string[] = []
    const end = warnOnMistakes({ subscribe }, (text) => void texts.push(text))
    emit({ atMs: 0, issuer: 'https://as.example', clientId: 'spa', type: 'return_to_refused' })
    end()
    expect(texts).toEqual([expect.stringMatching(/must be a path.*one slash.*\/orders\?page=2.*not a whole URL/)])
  })
})

describe('a server', () => {
  const server = (redirectUri: string) =>
    createServerClient({
      ...config,
      redirectUri,
      clientAuth: none(),
      vault: memoryVault({ maxRecords: 10 }),
      metadata: {
        issuer: config.issuer,
        authorization_endpoint: `${config.issuer}/authorize`,
        token_endpoint: `${config.issuer}/token`,
      },
    })

  it('that is opened as 127.0.0.1 and called back as localhost: names the hosts and the cookies', async () => {
    const auth = server('http://localhost:3000/callback')
    const started = await auth.signIn(new Request('http://127.0.0.1:3000/sign-in'))
    const state = new URL(`${started.headers.get('location')}`).searchParams.get('state')
    // Browsers send no cookie of 127.0.0.1 to localhost.
    const callback = auth.handleCallback(new Request(`http://localhost:3000/callback?code=c&state=${state}`))
    const error = await refusal(callback, 'unknown_state')
    expect(error.message).toContain('localhost:3000')
    expect(error.message).toContain('cookie')
    expect(error.hint).toContain('127.0.0.1')
    expect(error.headers?.get('cache-control')).toBe('no-store')
    expect(`${error.message} ${error.hint}`).not.toContain(`${state}`)
  })

  it('that has the cookie and no record says so as before', async () => {
    const auth = server('https://app.example/callback')
    const started = await auth.signIn(new Request('https://app.example/sign-in'))
    const cookie = `${started.headers.get('set-cookie')}`.replace(/;.*/, '')
    const state = new URL(`${started.headers.get('location')}`).searchParams.get('state')
    const other = server('https://app.example/callback')
    const url = `https://app.example/callback?code=c&state=${state}`
    const error = await refusal(other.handleCallback(new Request(url, { headers: { cookie } })), 'unknown_state')
    expect(error.message).toBe('No pending sign-in has this state.')
  })
})
