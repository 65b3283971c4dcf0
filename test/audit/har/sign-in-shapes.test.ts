import { describe, expect, it } from 'vitest'
import { auditHar } from '../../../src/audit.js'
import {
  API,
  APP,
  ask,
  CLIENT_ID,
  entry,
  type HonestSignIn,
  harText,
  honestSignIn,
  SERVER,
  value,
} from './honest-recording.js'

/** Two sign-ins of this shape: what does not pass. */
function notPassed(shape: (signIn: HonestSignIn) => object) {
  const signIns = ['first', 'second'].map((seed) => {
    const signIn = honestSignIn(seed)
    return { entries: { ...shape(signIn) } as HonestSignIn['entries'] }
  })
  const { results } = auditHar([{ name: 'app.har', text: harText(...signIns) }])
  return Object.fromEntries(results.filter(({ result }) => result !== 'pass').map(({ id, result }) => [id, result]))
}

const authorization = ({ entries }: HonestSignIn) =>
  Object.fromEntries(new URL(entries.authorize.request.url).searchParams)

const redirectTo = (location: string) => entry('POST', `${SERVER}/login`, { form: { user: 'ada' } }, { location })

describe('a sign-in of this shape is understood', () => {
  it('pushed by the browser', () => {
    const shape = (signIn: HonestSignIn) => {
      const requestUri = `urn:ietf:params:oauth:request_uri:${signIn.secrets.session}`
      const { home, metadata, ...rest } = signIn.entries
      const pushed = entry(
        'POST',
        `${SERVER}/par`,
        { form: authorization(signIn) },
        { status: 201, body: { request_uri: requestUri } },
      )
      const query = { client_id: CLIENT_ID, request_uri: requestUri }
      return {
        home,
        metadata,
        pushed,
        ...rest,
        authorize: entry('GET', `${SERVER}/authorize`, { query }, { location: `${SERVER}/login` }),
      }
    }
    // An object keeps the place of a member that is set again.
    expect(notPassed(shape)).toEqual({})
  })

  it('pushed by the server of the app, which redeems the code too', () => {
    const shape = ({ entries: { home, login, callback, me }, secrets }: HonestSignIn) => {
      const query = { client_id: CLIENT_ID, request_uri: `urn:ietf:params:oauth:request_uri:${secrets.session}` }
      return {
        home,
        authorize: entry('GET', `${SERVER}/authorize`, { query }, { location: `${SERVER}/login` }),
        login,
        callback,
        me,
      }
    }
    expect(notPassed(shape)).toEqual({
      'har-pkce': 'inconclusive',
      'har-s256': 'not_applicable',
      'har-verifier-form': 'not_applicable',
      'har-verifier-fresh': 'not_applicable',
      'har-state': 'inconclusive',
      'har-state-fresh': 'not_applicable',
      'har-state-returned': 'not_applicable',
      'har-nonce': 'inconclusive',
      'har-nonce-fresh': 'not_applicable',
      'har-response-type': 'inconclusive',
      'har-redirect-exact': 'inconclusive',
      'har-token-no-store': 'not_applicable',
    })
  })

  it('response_mode=form_post', () => {
    const shape = (signIn: HonestSignIn) => {
      ask(signIn, { response_mode: 'form_post' })
      const { code, state } = signIn.secrets
      const login = entry('POST', `${SERVER}/login`, {}, { body: '<form method=post>' })
      const callback = entry('POST', `${APP}/callback`, {
        headers: { 'sec-fetch-mode': 'navigate', origin: SERVER },
        form: { code, state },
      })
      return { ...signIn.entries, login, callback }
    }
    expect(notPassed(shape)).toEqual({})
  })

  it('response_mode=fragment, which no recorder sees in a request', () => {
    const shape = (signIn: HonestSignIn) => {
      ask(signIn, { response_mode: 'fragment' })
      const { code, state } = signIn.secrets
      const login = redirectTo(`${APP}/callback#${new URLSearchParams({ state, code })}`)
      return { ...signIn.entries, login, callback: entry('GET', `${APP}/callback`) }
    }
    expect(notPassed(shape)).toEqual({ 'har-code-in-url': 'inconclusive' })
  })

  it('response_mode=jwt', () => {
    const shape = (signIn: HonestSignIn) => {
      const { code, state } = signIn.secrets
      const claims = Buffer.from(JSON.stringify({ iss: SERVER, aud: CLIENT_ID, code, state })).toString('base64url')
      const landing = `${APP}/callback?response=e30.${claims}.c2ln`
      return { ...signIn.entries, login: redirectTo(landing), callback: entry('GET', landing) }
    }
    expect(notPassed(shape)).toEqual({})
  })

  it.each(['json', 'form'])('a backend takes code and verifier as %s and sets a cookie', (kind) => {
    const shape = ({ entries: { token, ...entries }, secrets: { code, verifier, session } }: HonestSignIn) => {
      const sent =
        kind === 'json' ? { json: { code, codeVerifier: verifier } } : { form: { code, code_verifier: verifier } }
      const cookie = { 'set-cookie': `__Host-session=${session}; HttpOnly; Secure; Path=/` }
      return {
        ...entries,
        exchange: entry('POST', `${APP}/auth/exchange`, sent, { headers: cookie, body: { name: 'ada' } }),
      }
    }
    expect(notPassed(shape)).toEqual({ 'har-token-no-store': 'not_applicable' })
  })

  it('a backend on a host of its own', () => {
    const shape = ({ entries: { token, ...entries }, secrets: { code, verifier } }: HonestSignIn) => ({
      ...entries,
      exchange: entry('POST', `${API}/login`, { json: { code, verifier } }, { body: { name: 'ada' } }),
    })
    expect(notPassed(shape)).toEqual({ 'har-token-no-store': 'not_applicable' })
  })

  it('a backend that hands the tokens to the page', () => {
    const shape = ({ entries: { token, ...entries }, secrets: { code, verifier } }: HonestSignIn) => ({
      ...entries,
      exchange: entry(
        'POST',
        `${APP}/auth`,
        { json: { code, verifier } },
        { body: { tokens: { access_token: value('x') } } },
      ),
    })
    expect(notPassed(shape)).toMatchObject({ 'har-app-responses': 'fail' })
  })

  it('a server with sign-in pages on another host, which repeats the parameters', () => {
    const shape = (signIn: HonestSignIn) => {
      const { home, metadata, authorize, callback, ...rest } = signIn.entries
      const page = `https://accounts.example.org/signin?${new URLSearchParams({ state: signIn.secrets.state })}`
      Object.assign(authorize.response, { redirectURL: page, headers: [{ name: 'location', value: page }] })
      const { login, ...later } = rest
      const picture = entry('GET', 'https://accounts.example.org/logo.png', { headers: { referer: page } })
      const again = entry('GET', authorize.request.url, {}, { location: callback.request.url })
      return { home, metadata, authorize, page: entry('GET', page), picture, again, callback, ...later }
    }
    expect(notPassed(shape)).toEqual({})
  })

  it('an error, and a second try', () => {
    const shape = (signIn: HonestSignIn) => {
      const failed = honestSignIn(`${signIn.secrets.code} before`)
      const landing = `${APP}/callback?${new URLSearchParams({ error: 'login_required', state: failed.secrets.state })}`
      const refused = entry('GET', failed.entries.authorize.request.url, {}, { location: landing })
      return { refused, landed: entry('GET', landing), ...signIn.entries }
    }
    expect(notPassed(shape)).toEqual({})
  })

  it('a token request that is repeated, a refresh, and a sign-out with the ID token', () => {
    const shape = ({ entries, secrets: { idToken, refreshToken } }: HonestSignIn) => {
      const fresh = { access_token: value('fresh'), token_type: 'Bearer' }
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: CLIENT_ID }
      const refresh = entry(
        'POST',
        `${SERVER}/token`,
        { form },
        { headers: { 'cache-control': 'no-store' }, body: fresh },
      )
      const logout = entry('GET', `${SERVER}/logout`, { query: { id_token_hint: idToken } }, { location: `${APP}/` })
      const revoke = entry('POST', `${SERVER}/revoke`, { form: { token: refreshToken } })
      return { ...entries, again: entries.token, refresh, revoke, logout }
    }
    expect(notPassed(shape)).toEqual({})
  })
})
