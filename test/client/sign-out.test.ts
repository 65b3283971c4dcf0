// @vitest-environment happy-dom
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryVault, type SessionClientConfig, type SessionStore, sealedSessions } from '../../src/index.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import type { Faults } from '../helpers/server.js'
import { createSessionApp } from '../helpers/session-app.js'
import { uncaughtDuring } from '../helpers/uncaught.js'

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

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  goTo('https://app.example/')
})
afterEach(() => {
  for (const client of closing.splice(0)) client.close()
})

describe('signOut', () => {
  it('of nobody does nothing', async () => {
    const app = start()
    await app.tab().auth.signOut()
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
      expect(app.server.isGood(token)).toBe(false)
  })

  it('leaves the page only when the store is rid of the session', async () => {
    let storedWhenLeaving: unknown = 'never left'
    const inner = sealedSessions()
    let last: string | undefined
    const sessionStore: SessionStore = {
      ...inner,
      read: (owner) => inner.read(owner),
      write: async (owner, text) => {
        await inner.write(owner, text)
        if (!owner.endsWith('active')) last = text
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
    expect(storedWhenLeaving).toBeUndefined()
  })

  it('twice at once signs out once', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    await Promise.all([auth.signOut(), auth.signOut()])
    expect(app.left).toHaveLength(1)
    expect(app.revoked()).toHaveLength(2)
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

  it.each(['read', 'write', 'exclusive'] as const)(
    'is local all the same where %s of the store fails',
    async (name) => {
      let broken = false
      const inner = sealedSessions()
      const failing = async () => Promise.reject(new Error('broken'))
      const sessionStore: SessionStore = {
        name: inner.name,
        read: (owner) => (broken && name === 'read' ? failing() : inner.read(owner)),
        write: (owner, text) => (broken && name === 'write' ? failing() : inner.write(owner, text)),
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
      for (const token of app.revoked()) expect(app.server.isGood(token)).toBe(false)
    },
  )

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
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signOut()
    return { app, auth, state: new URL(app.left[0] ?? '').searchParams.get('state') ?? '' }
  }

  it('refuses a state that was changed, and takes the right one', async () => {
    const { auth, state } = await signedOut()
    const changed = `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`
    const outcome = await auth.handleSignedOut(`${BYE}?state=${changed}`).catch(({ code }) => code)
    expect([undefined, 'unknown_state']).toContain(outcome)
    await expect(auth.handleSignedOut(`${BYE}?state=${state}`)).resolves.toEqual({ returnTo: '/' })
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
  it('where a step-up ends after the person has signed out in another tab', async () => {
    const app = start()
    const [first, second] = [app.tab(), app.tab()]
    await first.auth.signIn()
    await second.auth.restore()
    await first.auth.signOut({ atServer: false })
    // A new sign-in is a new session, and stays.
    await second.auth.signIn()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(second.auth.session).toBeDefined()
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })

  it('and a late word of a sign-out does not end the session after it', async () => {
    const app = start()
    const [first, second] = [app.tab(), app.tab()]
    await first.auth.signIn()
    await second.auth.restore()
    const leaving = first.auth.signOut({ atServer: false })
    await leaving
    await second.auth.signIn()
    await vi.waitUntil(() => first.auth.session)
    expect(second.types()).not.toContain('sign_in_failed')
    expect(second.auth.session).toBeDefined()
  })
})
