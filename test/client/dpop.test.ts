// @vitest-environment happy-dom
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApiFetch, createClient, dpop, getUserInfo, redirect, sealedSessions } from '../../src/index.js'
import { createDpopApp } from '../helpers/dpop-app.js'
import { inKeys } from '../helpers/keys.js'
import { goTo } from '../helpers/page.js'
import { createProofCheck } from '../helpers/proof.js'
import { refusal } from '../helpers/refusal.js'
import { API } from '../helpers/server.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  goTo('https://app.example/')
})
const closing: { close(): void }[] = []
afterEach(() => {
  for (const client of closing.splice(0)) client.close()
  vi.useRealTimers()
})

function start(...parameters: Parameters<typeof createDpopApp>) {
  const app = createDpopApp(...parameters)
  return {
    ...app,
    tab(...more: Parameters<typeof app.tab>) {
      const tab = app.tab(...more)
      closing.push(tab.auth)
      return tab
    },
  }
}

/** Some browsers lose what lies in storage. */
const loseKeys = () => inKeys('readwrite', (records) => records.clear())

const calls = (app: ReturnType<typeof start>, to = API) => app.log.filter(({ url }) => url.startsWith(to))

describe('a sign-in', () => {
  it('ties code and tokens to one key, and says so', async () => {
    const app = start()
    const result = await app.tab().auth.signIn()
    expect(result?.tokens.tokenType).toBe('dpop')
    const keys = new Set(app.ties.values())
    expect(keys.size).toBe(1)
    expect([...keys][0]).toMatch(/^[\w-]{43}$/)
  })

  it('of a plain client does the same', async () => {
    const { fetch, server, ties } = start()
    let left = ''
    const config = {
      issuer: server.issuer,
      clientId: 'spa',
      redirectUri: 'https://app.example/callback',
      fetch,
      userAgent: redirect({ navigate: (url: string) => (left = url) }),
    }
    createClient({ ...config, dpop: dpop() }).signIn()
    await until(() => left)
    expect(new URL(left).searchParams.get('dpop_jkt')).toMatch(/^[\w-]{43}$/)
    const callback = await server.visit(left)
    ties.set(callback.searchParams.get('code')!, new URL(left).searchParams.get('dpop_jkt'))
    goTo(callback)
    // As the page that was loaded anew: the key is found again.
    const result = await createClient({ ...config, dpop: dpop() }).handleCallback()
    expect(result?.tokens.tokenType).toBe('dpop')
  })

  it.each(['Bearer', 'bearer', 'mac'])('refuses tokens of type %s', async (token_type) => {
    const { auth } = start({ token: { token_type } }).tab()
    await refusal(auth.signIn(), 'token_response_invalid')
    expect(auth.session).toBeUndefined()
  })

  it('without dpop refuses tokens that are tied to a key', async () => {
    const app = start({ noNonces: true })
    app.faults.respond = () => Response.json({ access_token: 'a', token_type: 'DPoP' })
    const { auth } = app.tab({ dpop: undefined, fetch: app.server.fetch, scope: undefined })
    await refusal(auth.signIn(), 'token_response_invalid')
  })

  it('fails before anybody leaves where there is nowhere to keep the key', async () => {
    const app = start()
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('', 'SecurityError')
    })
    let left = false
    const userAgent = redirect({ navigate: () => (left = true) })
    await refusal(app.tab({ userAgent }).auth.signIn(), 'storage_unavailable')
    expect(left).toBe(false)
    vi.restoreAllMocks()
  })

  it.each(['dpop_jkt'])('lets nobody set %s by hand', async (name) => {
    await refusal(
      start()
        .tab()
        .auth.signIn({ additionalParameters: { [name]: 'x' } }),
      'config_invalid',
    )
  })

  it.each([true, 'yes', () => {}])('takes no %s for a key', (wrong) => {
    expect(() => start().tab({ dpop: wrong as never })).toThrow(/dpop/)
  })
})

describe('nonces', () => {
  it('that both servers change with each answer cost no call and no token', async () => {
    const app = start({ token: { token_type: 'DPoP', expires_in: 0 } })
    const { auth } = app.tab()
    await auth.signIn()
    for (let time = 0; time < 5; time++) {
      expect(await (await createApiFetch(auth)(`${API}/${time}`)).json()).toEqual({ hello: 'ada' })
      expect(await getUserInfo(auth)).toEqual({ sub: 'ada', name: 'Ada' })
    }
    // Each server asks once, at its first request.
    for (const [of, retries] of [
      [API, 1],
      [app.server.issuer, 1],
    ] as const)
      expect(calls(app, of).filter(({ said }) => said === 'use_dpop_nonce')).toHaveLength(retries)
    expect(app.log.filter(({ said }) => !['good', 'use_dpop_nonce'].includes(said))).toEqual([])
    const jtis = app.proofs().map(({ claims }) => claims['jti'])
    expect(new Set(jtis).size).toBe(jtis.length)
  })

  it('of one server never reach the other', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    for (let time = 0; time < 3; time++) await createApiFetch(auth)(`${API}/me`)
    await getUserInfo(auth)
    const sent = app.proofs()
    expect(sent.filter(({ claims }) => claims['nonce']).length).toBeGreaterThan(4)
    for (const { url, claims } of sent) {
      const foreign = url.startsWith(API) ? app.nonces.as : app.nonces.rs
      expect(foreign).not.toContain(claims['nonce'])
    }
  })

  it('that an API asks for without end get two requests, and no refresh', async () => {
    const app = start({ neverEnough: true })
    const { auth } = app.tab()
    await auth.signIn()
    const before = app.log.length
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(401)
    expect(app.log.slice(before)).toHaveLength(2)
  })

  it('stand beside the one refresh where the token is refused too', async () => {
    const app = start({ api: () => new Response(null, { status: 401 }) })
    const { auth } = app.tab()
    await auth.signIn()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(401)
    expect(calls(app).map(({ said }) => said)).toEqual(['use_dpop_nonce', 'good', 'good'])
  })

  it('do not reach what is not listed, nor does a proof', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const seen: Headers[] = []
    const other = app.tab({
      fetch: async (input, init) => {
        seen.push(new Request(input, init).headers)
        return new Response()
      },
    })
    await createApiFetch(other.auth)('https://other.example/')
    expect([...seen[0]!]).toEqual([])
  })
})

describe('fetch', () => {
  it('sends DPoP, not Bearer, with a proof of this very request', async () => {
    const app = start({ noNonces: true })
    const { auth } = app.tab()
    await auth.signIn()
    let shown: Request | undefined
    app.faults.api = (request) => {
      shown = request
      return Response.json({})
    }
    await createApiFetch(auth)(`${API}/orders?limit=1`, { method: 'POST', body: 'x' })
    expect(shown?.method).toBe('POST')
    expect(app.proofs().at(-1)?.claims).toMatchObject({ htm: 'POST', htu: `${API}/orders`, ath: expect.any(String) })
  })

  it('sends an upload once', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const upload = () => ({ method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' }) as RequestInit
    expect((await createApiFetch(auth)(`${API}/files`, upload())).status).toBe(401)
    expect((await createApiFetch(auth)(`${API}/files`, upload())).status).toBe(200)
    expect(calls(app)).toHaveLength(2)
  })

  it('refreshes with a proof where the API refuses the token', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    const { auth } = app.tab()
    await auth.signIn()
    app.server.revoke(await auth.getAccessToken())
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
    expect(new Set(app.ties.values()).size).toBe(1)
  })

  it('ends nothing where a refresh answers with a Bearer token, and uses none', async () => {
    const app = start({ token: { token_type: 'DPoP', expires_in: 0 } })
    const { auth } = app.tab()
    await auth.signIn()
    app.faults.token = { token_type: 'Bearer' }
    await refusal(createApiFetch(auth)(`${API}/me`), 'token_response_invalid')
    expect(calls(app)).toEqual([])
  })

  it('has the token at hand without a look into the storage', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    await createApiFetch(auth)(`${API}/me`)
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await auth.getAccessToken()
    await createApiFetch(auth)(`${API}/me`)
    expect(transaction).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})

describe('stolen', () => {
  it('a token is refused without its key: as Bearer, with another key, with a proof seen before', async () => {
    const app = start({ noNonces: true })
    const { auth } = app.tab()
    await auth.signIn()
    const token = await auth.getAccessToken()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
    const { proof } = calls(app).at(-1)!
    const ask = (authorization: string, dpop?: string, url = `${API}/me`) =>
      app.fetch(url, { headers: { authorization, ...(dpop && { dpop }) } })
    expect((await ask(`Bearer ${token}`)).status).toBe(401)
    expect((await ask(`DPoP ${token}`)).status).toBe(401)
    expect((await ask(`DPoP ${token}`, proof)).status).toBe(401)
    expect((await ask(`DPoP ${token}`, proof, `${API}/transfer`)).status).toBe(401)
    const thief = dpop()
    thief.addClient('thief', app.fetch)
    const stolen = await thief.fetch(`${API}/me`, { headers: { authorization: `DPoP ${token}` } })
    expect(stolen.status).toBe(401)
    // Not for want of a good proof.
    expect(calls(app).at(-1)?.said).toBe('invalid_token')
  })

  it('a refresh token is refused without its key', async () => {
    const app = start()
    await app.tab().auth.signIn()
    const refreshToken = app.server.issued.find((token) => token.startsWith('refresh-'))!
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'spa' })
    const ask = ({ fetch }: { fetch: typeof globalThis.fetch }) =>
      fetch(app.server.metadata.token_endpoint!, { method: 'POST', body })
    const answer = await dpop().attempt('thief', ask, { fetch: app.fetch })
    expect(await answer.json()).toEqual({ error: 'invalid_grant' })
    expect(app.server.isActive(refreshToken)).toBe(true)
  })

  it('a code is refused with another key than it was asked for with', async () => {
    const app = start()
    const { auth } = app.tab({ dpop: { ...dpop(), thumbprint: async () => 'A'.repeat(43) } })
    const error = await refusal(auth.signIn(), 'token_request_refused')
    expect(error.serverError?.error).toBe('invalid_grant')
  })
})

describe('the key', () => {
  it('is one in ten tabs, whose session is one too', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    const tabs = Array.from({ length: 10 }, () => app.tab())
    await tabs[0]!.auth.signIn()
    for (const { auth } of tabs) {
      await auth.restore()
      expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
    }
    expect(new Set(app.proofs().map(({ header }) => JSON.stringify(header['jwk']))).size).toBe(1)
  })

  it('outlives a reload with the session', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    await app.tab().auth.signIn()
    const { auth, types } = app.tab()
    await auth.restore()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
    expect(types()).toEqual(['session_restored'])
  })

  it('does with a session in memory what it does within the page', async () => {
    const app = start({ token: { token_type: 'DPoP', expires_in: 0 } })
    const { auth } = app.tab()
    await auth.signIn()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
  })

  it('that is lost ends the session cleanly: said once, login_required, its tokens revoked, and a new sign-in', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    await app.tab().auth.signIn()
    await loseKeys()
    const { auth, events } = app.tab()
    await expect(auth.restore()).resolves.toBeUndefined()
    const ends = () => events.filter(({ type }) => type.startsWith('session_'))
    expect(ends()).toMatchObject([{ type: 'session_ended', reason: 'key_lost' }])
    const before = app.log.length
    await refusal(auth.getAccessToken(), 'login_required')
    await refusal(createApiFetch(auth)(`${API}/me`), 'login_required')
    await expect(auth.restore()).resolves.toBeUndefined()
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    expect(ends()).toHaveLength(1)
    expect(app.log).toHaveLength(before)

    await auth.signIn()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
    await expect(app.tab().auth.restore()).resolves.toMatchObject({ claims: { sub: 'ada' } })
  })

  it('that is lost while a page lives does not trouble it; its next sign-in has a new one', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    const { auth } = app.tab()
    await auth.signIn()
    await loseKeys()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
    await auth.signIn()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
    expect(new Set(app.ties.values()).size).toBe(2)
    const other = app.tab()
    await other.auth.restore()
    expect((await createApiFetch(other.auth)(`${API}/me`)).status).toBe(200)
  })

  it.each([
    ['bearer tokens', undefined, 'dpop'],
    ['tied tokens', 'dpop', undefined],
  ])('ends a session of %s that the app’s new version cannot use', async (_, before, after) => {
    const app = start({ noNonces: true }, { sessionStore: sealedSessions() })
    const config = (with_: string | undefined) =>
      with_ ? { dpop: dpop() } : { dpop: undefined, fetch: app.server.fetch }
    await app.tab(config(before)).auth.signIn()
    const { auth, events } = app.tab(config(after))
    await expect(auth.restore()).resolves.toBeUndefined()
    expect(events[0]).toMatchObject({ type: 'session_ended', reason: 'key_lost' })
  })

  it('that another tab has given up while the person was away still holds for this page', async () => {
    const app = start({ noNonces: true }, { sessionStore: sealedSessions() })
    await app.tab().auth.signIn()
    const other = app.tab()
    await other.auth.restore()
    const userAgent = travelBy(async (url) => {
      const callback = await app.authorize(url)
      await other.auth.signOut({ atServer: false })
      return callback
    })
    const fresh = app.tab({ userAgent })
    await fresh.auth.signIn()
    expect((await createApiFetch(fresh.auth)(`${API}/me`)).status).toBe(200)
    // Nor is it anybody else's: after a reload the session ends for it, and the next sign-in is clean.
    const reloaded = app.tab()
    expect(await reloaded.auth.restore()).toBeUndefined()
    expect(reloaded.events).toContainEqual(expect.objectContaining({ reason: 'key_lost' }))
    await reloaded.auth.signIn()
    expect((await createApiFetch(reloaded.auth)(`${API}/me`)).status).toBe(200)
  })

  it('that cannot be looked at now ends nothing', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    await app.tab().auth.signIn()
    const broken = { ...dpop(), thumbprint: () => Promise.reject(new Error('broken')) }
    await expect(app.tab({ dpop: broken }).auth.restore()).resolves.toMatchObject({ claims: { sub: 'ada' } })
  })

  it('goes with the sign-out: a proof made ahead of time is of no key that is used again', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    const { auth } = app.tab()
    await auth.signIn()
    const [first] = new Set(app.ties.values())
    await auth.signOut({ atServer: false })
    await auth.signIn()
    expect([...app.ties.values()].at(-1)).not.toBe(first)
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(200)
  })

  it('of one client stays where another one signs out', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    const [one, other] = [app.tab(), app.tab({ clientId: 'other' })]
    await one.auth.signIn()
    await other.auth.signIn()
    await one.auth.signOut({ atServer: false })
    const reloaded = app.tab({ clientId: 'other' })
    await expect(reloaded.auth.restore()).resolves.toBeDefined()
    expect((await createApiFetch(reloaded.auth)(`${API}/me`)).status).toBe(200)
  })

  it('proves the key to the revocation endpoint: some servers revoke nothing without, and say 200 all the same', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signOut({ atServer: false })
    const revocations = app.server.requests.filter(({ url }) => url.endsWith('/revoke'))
    expect(revocations).toHaveLength(2)
    const check = createProofCheck({ isGood: () => true })
    for (const { url, init } of revocations)
      expect(check({ method: 'POST', url, headers: init.headers ?? {} })).toEqual({
        jkt: [...app.ties.values()].at(-1),
      })
  })

  it('revokes without a proof where the endpoint does not let a page send one', async () => {
    const app = start()
    const withoutCors: typeof globalThis.fetch = async (...request) => {
      const proves = new Headers(request[1]?.headers).has('dpop')
      if (proves && `${request[0]}`.endsWith('/revoke')) throw new TypeError('Failed to fetch')
      return app.fetch(...request)
    }
    const { auth, types } = app.tab({ fetch: withoutCors })
    await auth.signIn()
    await auth.signOut({ atServer: false })
    expect(types().filter((type) => type === 'token_revoked')).toHaveLength(2)
    expect(types()).not.toContain('revocation_failed')
    const revocations = app.server.requests.filter(({ url }) => url.endsWith('/revoke'))
    expect(revocations.map(({ init }) => new Headers(init.headers).has('dpop'))).toEqual([false, false])
  })
})
