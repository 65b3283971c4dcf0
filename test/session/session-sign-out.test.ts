// @vitest-environment happy-dom
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Dpop,
  indexedDbVault,
  memoryVault,
  ProofkeyError,
  type SessionClientConfig,
  type SessionStore,
  sealedSessions,
  type Vault,
} from '../../src/index.js'
import { forgetMetadata } from '../helpers/forget-metadata.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import type { Faults } from '../helpers/server.js'
import { createGate, createSessionApp, OWNER } from '../helpers/session-app.js'
import { travelBy } from '../helpers/sign-in-attempt.js'
import { uncaughtDuring } from '../helpers/uncaught.js'
import { until } from '../helpers/until.js'

const BYE = 'https://app.example/bye'
const closing: { close(): void }[] = []

function start(faults: Faults = {}, config: Partial<SessionClientConfig> = {}) {
  const left: string[] = []
  const app = createSessionApp(faults, {
    sessionStore: sealedSessions(),
    postLogoutRedirectUri: BYE,
    navigate: (url) => void left.push(url),
    ...config,
  })
  return {
    ...app,
    left,
    tab(more: Partial<SessionClientConfig> = {}) {
      const tab = app.tab(more)
      closing.push(tab.auth)
      return tab
    },
    revoked: () =>
      app.server.requests.filter(({ url }) => url.endsWith('/revoke')).map(({ body }) => body.get('token') ?? ''),
  }
}

const sealed = indexedDbVault()
const blocked = () => Promise.reject(new ProofkeyError('storage_unavailable', 'The storage is blocked.', 'Allow it.'))
const refusingVault: Vault = {
  name: 'blocked',
  // Not those of sign-ins.
  put: async (state, owner, value) => (owner.endsWith('sign-out') ? blocked() : sealed.put(state, owner, value)),
  take: async (state, owner) => (owner.endsWith('sign-out') ? blocked() : sealed.take(state, owner)),
}

/** A key that cannot be given up. */
const keptKey: Dpop = {
  fetch: globalThis.fetch,
  addClient: () => {},
  thumbprint: async () => 'thumbprint',
  attempt: (_, request, options) => request(options),
  forget: async () => blocked(),
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  goTo('https://app.example/')
})
afterEach(() => {
  for (const client of closing.splice(0)) client.close()
})

describe('signOut', () => {
  it('of nobody visits the server all the same, who may know somebody, and is remembered', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signOut()
    expect(app.left).toHaveLength(1)
    expect(app.revoked()).toEqual([])
    const { epoch, text } = await sealedSessions().read(OWNER)
    expect(epoch).toBe(1)
    expect(JSON.parse(`${text}`)).toMatchObject({ status: 'signed_out', ended: 'signed_out', signOutEpoch: 1 })
  })

  it('of nobody, and not at the server, asks the server nothing', async () => {
    const app = start()
    await app.tab().auth.signOut({ atServer: false })
    expect(app.server.requests).toEqual([])
    expect(app.left).toEqual([])
  })

  it('finds the session that waits in the store, without a restore before', async () => {
    const app = start()
    await app.tab().auth.signIn()
    await app.tab().auth.signOut({ atServer: false })
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    expect(app.revoked()).toHaveLength(2)
  })

  it('revokes the refresh token and every access token, also those of other resources', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    await auth.getAccessToken({ resource: 'https://one.example' })
    await auth.getAccessToken({ scope: 'openid' })
    await auth.signOut({ atServer: false })
    expect(app.revoked().filter((token) => token.startsWith('access-'))).toHaveLength(3)
    for (const token of app.server.issued.filter((one) => /^(access|refresh)-/.test(one)))
      expect(app.server.isActive(token)).toBe(false)
  })

  it('leaves the page only when the store is rid of the session', async () => {
    let storedWhenLeaving: unknown = 'never left'
    const inner = sealedSessions()
    let last: string | undefined
    const sessionStore: SessionStore = {
      ...inner,
      read: (owner) => inner.read(owner),
      replace: async (owner, expected, next) => {
        const replaced = await inner.replace(owner, expected, next)
        if (!owner.endsWith('active')) last = next.text
        return replaced
      },
    }
    const app = start(
      { metadata: { revocation_endpoint: undefined } },
      {
        sessionStore,
        navigate: () => {
          storedWhenLeaving = last
        },
      },
    )
    const { auth } = app.tab()
    await auth.signIn()
    expect(last).toBeDefined()
    await auth.signOut()
    expect(JSON.parse(`${storedWhenLeaving}`)).toMatchObject({ status: 'signed_out', ended: 'signed_out' })
  })

  it.each([
    [20, true],
    [320, false],
  ])('sends the ID token of a person with %i groups: %s', async (count, sent) => {
    const groups = Array.from({ length: count }, (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`)
    const app = start({ claims: { groups } })
    const { auth } = app.tab()
    const omitted: unknown[] = []
    auth.subscribe((event) => event.type === 'id_token_hint_omitted' && omitted.push(event.bytes))
    await auth.signIn()
    await auth.signOut()
    const [left = ''] = app.left
    const { searchParams } = new URL(left)
    expect(searchParams.has('id_token_hint')).toBe(sent)
    expect(searchParams.get('client_id')).toBe('spa')
    expect(left.length).toBeLessThanOrEqual(4000)
    expect(omitted).toEqual(sent ? [] : [expect.any(Number)])
  })

  it('twice at once signs out once', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    await Promise.all([auth.signOut(), auth.signOut()])
    expect(app.left).toHaveLength(1)
    expect(app.revoked()).toHaveLength(2)
  })

  it('again, while it is under way, also signs out who has signed in meanwhile', async () => {
    const { released, release } = createGate()
    const faults: Faults = { revoke: () => released.then(() => new Response()) }
    const app = start(faults)
    const { auth } = app.tab()
    await auth.signIn()
    const first = auth.signOut()
    await until(() => app.revoked().length > 0)
    await auth.signIn()
    expect(auth.session).toBeDefined()
    const second = auth.signOut()
    release()
    await Promise.all([first, second])
    expect(auth.session).toBeUndefined()
    expect(app.left).toHaveLength(1)
    expect(app.revoked().length).toBeGreaterThan(2)
  })

  it('stores nothing for a return where the page is not left', async () => {
    const put = vi.fn(sealed.put)
    const app = start({}, { vault: { ...sealed, put } })
    const { auth } = app.tab()
    await auth.signIn()
    put.mockClear()
    await auth.signOut({ atServer: false })
    expect([app.left, put.mock.calls]).toEqual([[], []])
  })

  it('says so where the store still has the session', async () => {
    const inner = sealedSessions()
    let broken = false
    const replace: SessionStore['replace'] = (...change) =>
      broken ? Promise.reject(new Error('broken')) : inner.replace(...change)
    const app = start({}, { sessionStore: { ...inner, replace } })
    const { auth, events } = app.tab()
    await auth.signIn()
    await auth.signOut()
    expect(events.map(({ type }) => type)).not.toContain('sign_out_failed')
    await auth.signIn()
    broken = true
    await auth.signOut()
    expect(events).toContainEqual(expect.objectContaining({ type: 'sign_out_failed', code: 'storage_unavailable' }))
  })

  it.each<[string, Faults]>([
    ['refuses', { revoke: () => new Response(null, { status: 400 }) }],
    [
      'cannot be reached',
      {
        revoke: () => {
          throw new TypeError('offline')
        },
      },
    ],
  ])('is local all the same where the server %s', async (_, faults) => {
    const app = start(faults)
    const { auth, events } = app.tab()
    await auth.signIn()
    const uncaught = await uncaughtDuring(() => auth.signOut())
    expect(uncaught).toEqual([])
    expect(auth.session).toBeUndefined()
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    expect(events.filter(({ type }) => type === 'revocation_failed')).toHaveLength(2)
    // Its own session is still to be ended.
    expect(app.left).toHaveLength(1)
  })

  it.each(['read', 'replace', 'exclusive'] as const)(
    'is local all the same where %s of the store fails',
    async (name) => {
      let broken = false
      const inner = sealedSessions()
      const failing = async () => Promise.reject(new Error('broken'))
      const sessionStore: SessionStore = {
        name: inner.name,
        shared: inner.shared,
        read: (owner) => (broken && name === 'read' ? failing() : inner.read(owner)),
        replace: (...change) => (broken && name === 'replace' ? failing() : inner.replace(...change)),
        exclusive: (owner, work) => (broken && name === 'exclusive' ? failing() : inner.exclusive(owner, work)),
      }
      const app = start({}, { sessionStore })
      const { auth } = app.tab()
      await auth.signIn()
      broken = true
      expect(await uncaughtDuring(() => auth.signOut())).toEqual([])
      expect(auth.session).toBeUndefined()
      expect(app.left).toHaveLength(1)
      await refusal(auth.getAccessToken(), 'login_required')
      broken = false
      await refusal(auth.getAccessToken(), 'login_required')
      // What could not be deleted is worth nothing any more.
      for (const token of app.revoked()) expect(app.server.isActive(token)).toBe(false)
    },
  )

  it.each<[string, Partial<SessionClientConfig>]>([
    ['the vault', { vault: refusingVault }],
    ['the store of the key', { dpop: keptKey }],
  ])('goes on to the server where %s is blocked, and says so', async (what, config) => {
    const app = start(what === 'the vault' ? {} : { token: { token_type: 'DPoP' } }, config)
    const { auth, types } = app.tab()
    await auth.signIn()
    await auth.signOut()
    expect(auth.session).toBeUndefined()
    expect(app.left).toHaveLength(1)
    expect(types().filter((type) => type.startsWith('sign_out'))).toEqual(['sign_out_failed', 'sign_out_started'])
    // Nothing can be checked that could not wait.
    expect(app.left[0]?.includes('state=')).toBe(what !== 'the vault')
  })

  it('leaves the rest of the URL as it is where its state cannot wait', async () => {
    const metadata = { end_session_endpoint: 'https://as.example/end?p=a%20b&statement=1' }
    const app = start({ metadata }, { vault: refusingVault })
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signOut()
    expect(app.left[0]).toMatch(/\?p=a%20b&statement=1&client_id=spa&/)
    expect(app.left[0]).not.toContain('&state=')
  })

  it('without the server is local, and says which tokens live on', async () => {
    const app = start()
    await app.tab().auth.signIn()
    await forgetMetadata()
    const { auth, events } = app.tab({ fetch: async () => Promise.reject(new TypeError('offline')) })
    await auth.signOut()
    expect(app.left).toEqual([])
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    const told = events.filter(({ type }) => /^(revocation|sign_out)/.test(type))
    expect(told).toMatchObject([
      { type: 'revocation_failed', token: 'access_token', code: 'network_error' },
      { type: 'revocation_failed', token: 'refresh_token', code: 'network_error' },
      { type: 'sign_out_failed', code: 'network_error' },
      { type: 'sign_out_started', endpoint: undefined },
    ])
  })

  it('leaves the page for a server that nobody would come back from only where it is asked to', async () => {
    const app = start({}, { postLogoutRedirectUri: undefined })
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signOut()
    expect(app.left).toEqual([])
    await auth.signIn()
    await auth.signOut({ atServer: true })
    const { origin, pathname, searchParams } = new URL(app.left[0] ?? '')
    expect(origin + pathname).toBe('https://as.example/end-session')
    expect([...searchParams.keys()]).toEqual(['client_id', 'id_token_hint'])
  })

  it.each<[string, boolean, string | undefined]>([
    ['where to', true, 'https://as.example/end-session'],
    ['that it is the app’s alone', false, undefined],
  ])('tells %s', async (_, atServer, endpoint) => {
    const { auth, events } = start().tab()
    await auth.signIn()
    await auth.signOut({ atServer })
    expect(events.at(-1)).toEqual(expect.objectContaining({ type: 'sign_out_started', endpoint }))
  })

  it.each([
    ['has no sign-out', { metadata: { end_session_endpoint: undefined } }],
    ['is not asked to', {}],
  ])('stays on the page where the server %s', async (what, faults) => {
    const app = start(faults)
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signOut({ atServer: what !== 'is not asked to' })
    expect(app.left).toEqual([])
  })

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])(
    'comes back to this origin only, not to %s',
    async (returnTo) => {
      const app = start({}, { vault: memoryVault() })
      const { auth } = app.tab()
      await auth.signIn()
      await auth.signOut({ returnTo })
      const state = new URL(app.left[0] ?? '').searchParams.get('state')
      await expect(auth.handleSignedOut(`${BYE}?state=${state}`)).resolves.toEqual({ returnTo: '/' })
    },
  )
})

describe('handleSignedOut', () => {
  async function signedOut() {
    const app = start()
    const { auth, events } = app.tab()
    await auth.signIn()
    await auth.signOut()
    return { app, auth, events, state: new URL(app.left[0] ?? '').searchParams.get('state') ?? '' }
  }

  it('refuses a state that was changed, or used, and takes the right one', async () => {
    const { auth, events, state } = await signedOut()
    const seen = () => events.slice(-1)
    // In its random part: the tag at its end only says whose it is.
    const changed = state.slice(0, 20) + (state[20] === 'A' ? 'B' : 'A') + state.slice(21)
    await refusal(auth.handleSignedOut(`${BYE}?state=${changed}`), 'unknown_state')
    expect(seen()).toMatchObject([{ type: 'sign_out_failed', code: 'unknown_state' }])
    await expect(auth.handleSignedOut(`${BYE}?state=${state}`)).resolves.toEqual({ returnTo: '/' })
    expect(seen()).toMatchObject([{ type: 'sign_out_completed' }])
    const error = await refusal(auth.handleSignedOut(`${BYE}?state=${state}`), 'unknown_state')
    expect(error.hint).not.toMatch(/sign-in/)
    expect(events.map(({ type }) => type)).not.toContain('sign_in_failed')
  })

  it('leaves a state alone whose tag is another client’s', async () => {
    const { auth, events, state } = await signedOut()
    const before = events.length
    const changed = `${state.slice(0, -1)}${state.endsWith('a') ? 'b' : 'a'}`
    await expect(auth.handleSignedOut(`${BYE}?state=${changed}`)).resolves.toBeUndefined()
    expect(events).toHaveLength(before)
  })

  it('leaves alone what is no URL, and everything where nobody comes back', async () => {
    const { app, auth, events, state } = await signedOut()
    const before = events.length
    await expect(auth.handleSignedOut('http://')).resolves.toBeUndefined()
    const other = app.tab({ postLogoutRedirectUri: undefined })
    await expect(other.auth.handleSignedOut(`${BYE}?state=${state}`)).resolves.toBeUndefined()
    expect(events).toHaveLength(before)
    await expect(auth.handleSignedOut(`${BYE}?state=${state}`)).resolves.toEqual({ returnTo: '/' })
  })

  it.each<[string, unknown, boolean]>([
    ['can be repeated', new ProofkeyError('storage_unavailable', 'Blocked.', 'Allow it.', { retryable: true }), true],
    ['cannot', new ProofkeyError('insecure_context', 'No TLS.'), false],
    ['is not of this library', Object.assign(new Error('broken'), { retryable: true }), false],
  ])('puts the state back into the URL for an error that %s', async (_, error, isBack) => {
    const { app, state } = await signedOut()
    const vault = { ...sealed, take: () => Promise.reject(error) }
    goTo(`${BYE}?state=${state}`)
    await expect(app.tab({ vault }).auth.handleSignedOut()).rejects.toBe(error)
    expect(location.search).toBe(isBack ? `?state=${state}` : '')
  })

  it('says where the storage is blocked', async () => {
    const { app, state } = await signedOut()
    const { auth, types } = app.tab({ vault: refusingVault })
    await refusal(auth.handleSignedOut(`${BYE}?state=${state}`), 'storage_unavailable')
    expect(types()).toEqual(['sign_out_failed'])
  })

  it('leaves alone what belongs to another client, or to a sign-in', async () => {
    const { app, state } = await signedOut()
    goTo(`${BYE}?state=${state}`)
    await expect(app.tab({ clientId: 'other' }).auth.handleSignedOut()).resolves.toBeUndefined()
    expect(location.search).toContain('state=')
    await expect(app.tab().auth.handleCallback()).resolves.toBeUndefined()
    await expect(app.tab().auth.handleSignedOut()).resolves.toEqual({ returnTo: '/' })
    expect(location.href).toBe(BYE)
  })
})

describe('nothing comes back', () => {
  it('of what was before, where a step-up ends after the person has signed out in another tab', async () => {
    const app = start()
    const [first, second] = [app.tab(), app.tab()]
    await first.auth.signIn()
    await second.auth.restore()
    const before = [...app.server.issued]
    let signedOut = false
    const slowly = travelBy(async (url) => {
      await first.auth.signOut({ atServer: false })
      signedOut = true
      return app.server.visit(url)
    })
    await second.auth.signIn({ userAgent: slowly, scope: 'openid orders' })
    expect(signedOut).toBe(true)
    // Whoever signs in is signed in; but what was signed out stays so.
    expect(second.auth.session?.scope).toBe('openid orders')
    await expect(app.tab().auth.restore()).resolves.toEqual(second.auth.session)
    for (const token of before.filter((one) => /^(access|refresh)-/.test(one)))
      expect(app.server.isActive(token)).toBe(false)
    expect(before).not.toContain(await second.auth.getAccessToken())
  })

  it('and a late word of a sign-out does not end the session after it', async () => {
    const app = start()
    const [first, second] = [app.tab(), app.tab()]
    await first.auth.signIn()
    await second.auth.restore()
    const leaving = first.auth.signOut({ atServer: false })
    await leaving
    await second.auth.signIn()
    await until(() => first.auth.session)
    expect(second.types()).not.toContain('sign_in_failed')
    expect(second.auth.session).toBeDefined()
  })
})
