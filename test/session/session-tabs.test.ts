// @vitest-environment happy-dom
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { memorySessions, type SessionStore, sealedSessions } from '../../src/index.js'
import { createLocks } from '../helpers/locks.js'
import { createGate, later, OWNER, slow, textIn, useSessionApps } from '../helpers/session-app.js'
import { until } from '../helpers/until.js'

const { start, channels } = useSessionApps()

/** A sealed store whose next matching write waits until it is let go. */
function slowToWrite(matches: (text: string | undefined) => boolean) {
  const gate = createGate()
  const inner = sealedSessions()
  let reached = false
  const store: SessionStore = {
    ...inner,
    async replace(owner, expected, next) {
      if (owner === OWNER && !reached && matches(next.text)) {
        reached = true
        await gate.released
      }
      return inner.replace(owner, expected, next)
    },
  }
  return { store, release: gate.release, reached: () => reached }
}

describe('ten tabs', () => {
  it('that ask at the same time make one refresh, by a Web Lock', async () => {
    vi.stubGlobal('navigator', { locks: createLocks() })
    const app = start()
    const tabs = Array.from({ length: 10 }, () => app.tab())
    await tabs[0]!.auth.signIn()
    for (const { auth } of tabs) await auth.restore()
    later(3600)
    const tokens = await Promise.all(tabs.map(({ auth }) => auth.getAccessToken()))
    expect(new Set(tokens).size).toBe(1)
    expect(app.refreshes()).toBe(1)
  })
})

describe('what one tab keeps', () => {
  it('is not deleted by the end of the session before in another', async () => {
    const app = start({ token: { refresh_token: undefined, expires_in: 300 } })
    const { store, release, reached } = slowToWrite((text) => !!text?.includes('expired'))
    const [ending, other] = [app.tab({ sessionStore: store }), app.tab()]
    await ending.auth.signIn()
    await other.auth.restore()
    later(301)
    const looking = ending.auth.restore()
    await until(reached)
    await other.auth.signIn()
    release()
    await looking
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })

  it('is refused while a sign-out in another is being written, and revoked: one of both has to win', async () => {
    const app = start()
    const { store, release, reached } = slowToWrite((text) => !!text?.includes('signed_out'))
    const [leaving, other] = [app.tab({ sessionStore: store }), app.tab()]
    await leaving.auth.signIn()
    await other.auth.restore()
    const out = leaving.auth.signOut({ atServer: false })
    await until(reached)
    const signingIn = other.auth.signIn().then(
      () => 'kept',
      (error) => error.code,
    )
    release()
    const [outcome] = await Promise.all([signingIn, out])
    expect(['kept', 'login_required']).toContain(outcome)
    // Kept means that its callback came after the sign-out.
    const session = await app.tab().auth.restore()
    expect(!!session).toBe(outcome === 'kept')
    const living = app.server.issued.filter((token) => /^(access|refresh)/.test(token) && app.server.isActive(token))
    expect(living).toHaveLength(session ? 2 : 0)
  })

  it('is ended by a sign-out in a tab that has missed it', async () => {
    const app = start()
    const [leaving, other] = [app.tab(), app.tab()]
    await leaving.auth.signIn()
    channels().setPost('never')
    await other.auth.signIn()
    await leaving.auth.signOut({ atServer: false })
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    for (const token of app.server.issued.slice(-3, -1)) expect(app.server.isActive(token)).toBe(false)
  })

  it('is not overwritten by a refresh of the session before in another', async () => {
    vi.stubGlobal('navigator', { locks: createLocks() })
    const app = start()
    const { store, release, reached } = slowToWrite((text) => !!text && app.refreshes() > 0)
    const [refreshing, other] = [app.tab({ sessionStore: store }), app.tab()]
    await refreshing.auth.signIn()
    await other.auth.restore()
    later(3600)
    const asking = refreshing.auth.getAccessToken().catch(() => {})
    await until(reached)
    app.server.faults.claims = { sub: 'bob' }
    const signingIn = other.auth.signIn()
    await delay(20)
    release()
    await Promise.all([asking, signingIn])
    for (const { auth } of [refreshing, other, app.tab()])
      await expect(auth.restore()).resolves.toMatchObject({ claims: { sub: 'bob' } })
  })

  it('is not brought back by a refresh, where another signed out meanwhile and no word of it came', async () => {
    vi.stubGlobal('navigator', { locks: createLocks() })
    const app = start()
    const { store, release, reached } = slowToWrite((text) => !!text && app.refreshes() > 0)
    const [refreshing, leaving] = [app.tab({ sessionStore: store }), app.tab()]
    await refreshing.auth.signIn()
    await leaving.auth.restore()
    later(3600)
    channels().setPost('never')
    const asking = refreshing.auth.getAccessToken().catch((error) => error.code)
    await until(reached)
    const out = leaving.auth.signOut({ atServer: false })
    release()
    await Promise.all([asking, out])
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
  })

  it('is told as a change, not as a session restored', async () => {
    const app = start()
    const [first, second] = [app.tab(), app.tab()]
    await second.auth.restore()
    await first.auth.signIn()
    await until(() => second.auth.session)
    expect(second.types()).toContain('session_changed')
    expect(second.types()).not.toContain('session_restored')
  })

  it('is gone after a sign-out, with the note of its last use', async () => {
    const { auth } = start({}, { idleSeconds: 600 }).tab()
    await auth.signIn()
    await until(() => textIn(sealedSessions(), `${OWNER} active`))
    await auth.signOut({ atServer: false })
    expect(await textIn(sealedSessions(), `${OWNER} active`)).toBeUndefined()
    expect(await textIn(sealedSessions(), OWNER)).not.toMatch(/access-|refresh-|ada/)
  })

  it('holds no tokens that have ended, but the session’s own', async () => {
    const { auth } = start().tab()
    await auth.signIn()
    for (let at = 0; at < 5; at++) {
      await auth.getAccessToken({ resource: `https://api-${at}.example/` })
      later(3600)
    }
    const { session } = JSON.parse((await textIn(sealedSessions(), OWNER)) ?? '')
    expect(Object.keys(session.tokens)).toEqual(['', expect.stringContaining('api-4')])
  })
})

describe('the channel', () => {
  it('that may not be made costs nobody the sign-in', async () => {
    vi.stubGlobal(
      'BroadcastChannel',
      class {
        constructor() {
          throw new DOMException('denied', 'SecurityError')
        }
      },
    )
    const { auth } = start().tab({ sessionStore: memorySessions() })
    await auth.signIn()
    expect(auth.session).toBeDefined()
    await auth.signOut({ atServer: false })
    expect(auth.session).toBeUndefined()
  })

  it('stays closed after close(), whatever is under way', async () => {
    const app = start()
    const net = slow(app.server.fetch)
    const { auth } = app.tab({ fetch: net.fetch })
    await auth.signIn()
    later(3600)
    const asking = auth.getAccessToken()
    await until(() => app.refreshes() === 1)
    auth.close()
    net.release()
    await asking
    expect(channels().count()).toBe(0)
  })
})
