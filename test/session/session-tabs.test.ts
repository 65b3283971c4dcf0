// @vitest-environment happy-dom
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { memorySessions, type SessionStore, sealedSessions } from '../../src/index.js'
import { createLocks } from '../helpers/locks.js'
import { createGate, later, OWNER, slow, useSessionApps } from '../helpers/session-app.js'
import { until } from '../helpers/until.js'

const { start, channels } = useSessionApps()

/** A sealed store whose next matching write waits until it is let go. */
function slowToWrite(matches: (text: string | undefined) => boolean) {
  const gate = createGate()
  const inner = sealedSessions()
  let reached = false
  const store: SessionStore = {
    ...inner,
    async write(owner, text) {
      if (owner === OWNER && !reached && matches(text)) {
        reached = true
        await gate.released
      }
      return inner.write(owner, text)
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
    vi.stubGlobal('navigator', { locks: createLocks() })
    const app = start()
    const { store, release, reached } = slowToWrite((text) => text === undefined)
    const [leaving, other] = [app.tab({ sessionStore: store }), app.tab()]
    await leaving.auth.signIn()
    await other.auth.restore()
    const out = leaving.auth.signOut({ atServer: false })
    await until(reached)
    const signingIn = other.auth.signIn()
    await delay(20)
    release()
    await Promise.all([out, signingIn])
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
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
    await until(() => sealedSessions().read(`${OWNER} active`))
    await auth.signOut({ atServer: false })
    for (const name of [OWNER, `${OWNER} active`]) expect(await sealedSessions().read(name)).toBeUndefined()
  })

  it('holds no tokens that have ended, but the session’s own', async () => {
    const { auth } = start().tab()
    await auth.signIn()
    for (let at = 0; at < 5; at++) {
      await auth.getAccessToken({ resource: `https://api-${at}.example/` })
      later(3600)
    }
    const { tokens } = JSON.parse((await sealedSessions().read(OWNER)) ?? '')
    expect(Object.keys(tokens)).toEqual(['', expect.stringContaining('api-4')])
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
