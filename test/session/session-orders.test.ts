// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { memorySessions, type SessionStore, sealedSessions } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'
import { createGate, later, OWNER, type SessionApp, textIn, useSessionApps } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'

const { start } = useSessionApps()
const livingOf = ({ server }: SessionApp) =>
  server.issued.filter((token) => /^(access|refresh)-/.test(token) && server.isActive(token))

/** A store whose calls fail or wait once, as they are told. */
function troubled(inner: SessionStore = sealedSessions()) {
  const next: { read?: number; lie?: boolean; wait?: Promise<void> | undefined } = {}
  let reads = 0
  const store: SessionStore = {
    ...inner,
    async read(owner) {
      if (owner === OWNER && next.read) {
        next.read--
        throw new Error('broken')
      }
      const there = await inner.read(owner)
      if (owner === OWNER) reads++
      await next.wait
      return there
    },
    async replace(...change) {
      const replaced = await inner.replace(...change)
      if (change[0] !== OWNER || !next.lie) return replaced
      next.lie = false
      throw new Error('broken')
    },
  }
  return { store, next, reads: () => reads }
}

describe('a sign-out', () => {
  it('ends who has signed in while an earlier one is under way', async () => {
    const gate = createGate()
    const app = start({
      revoke: async () => {
        await gate.released
        return new Response()
      },
    })
    const { auth } = app.tab()
    await auth.signIn()
    const leaving = auth.signOut({ atServer: false })
    await until(() => app.server.requests.some(({ url }) => url.endsWith('/revoke')))
    await auth.signIn()
    expect(auth.session).toBeDefined()
    const again = auth.signOut({ atServer: false })
    expect(auth.session).toBeUndefined()
    gate.release()
    await Promise.all([leaving, again])
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
  })

  it('that the store cannot read once or twice is stored', async () => {
    const { store, next } = troubled()
    const app = start()
    const { auth, types } = app.tab({ sessionStore: store })
    await auth.signIn()
    next.read = 2
    await auth.signOut({ atServer: false })
    expect(types()).not.toContain('sign_out_failed')
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
  })

  it('that is stored, though the store says that it is not, revokes what another tab had', async () => {
    const { store, next } = troubled()
    const app = start()
    const { auth } = app.tab({ sessionStore: store })
    await auth.restore()
    await app.tab({ sessionStore: { ...sealedSessions() } }).auth.signIn()
    next.lie = true
    await auth.signOut({ atServer: false })
    expect(livingOf(app)).toEqual([])
  })

  it('during restore() is not undone by a silent sign-in', async () => {
    const { store, next, reads } = troubled()
    const gate = createGate()
    const silent = silently(travelBy((url) => app.server.visit(url), 'frame'))
    const app: SessionApp = start({}, { silent })
    await app.tab().auth.signIn()
    next.wait = gate.released
    const { auth } = app.tab({ sessionStore: store })
    const restoring = auth.restore()
    await until(() => reads() === 1)
    const leaving = auth.signOut({ atServer: false })
    gate.release()
    await Promise.all([leaving, restoring])
    expect(auth.session).toBeUndefined()
  })

  it('that is being written lets no refresh begin', async () => {
    const { store, next, reads } = troubled()
    const gate = createGate()
    const app = start()
    const { auth } = app.tab({ sessionStore: store })
    await auth.signIn()
    next.wait = gate.released
    const before = reads()
    const asking = refusal(auth.getAccessToken({ fresh: true }), 'login_required')
    await until(() => reads() > before)
    const leaving = auth.signOut({ atServer: false })
    gate.release()
    await Promise.all([leaving, asking])
    expect(app.refreshes()).toBe(0)
  })
})

it('a session that cannot be stored because the store cannot be read is told', async () => {
  const { store, next } = troubled()
  const { auth, types } = start().tab({ sessionStore: store })
  await auth.restore()
  next.read = Number.POSITIVE_INFINITY
  await auth.signIn()
  expect(types().filter((type) => type === 'session_not_stored')).toHaveLength(1)
  expect(await textIn(sealedSessions())).toBeUndefined()
})

it('of the same user who signs in again, it is told that the earlier tokens are left', async () => {
  const { auth, types } = start().tab()
  await auth.signIn()
  expect(types()).not.toContain('tokens_not_revoked')
  await auth.signIn()
  expect(types()).toContain('tokens_not_revoked')
})

it('with a clock that is ahead, absoluteSeconds counts from a silent sign-in all the same', async () => {
  const silent = silently(travelBy((url) => app.server.visit(url), 'frame'))
  const app: SessionApp = start({}, { silent, absoluteSeconds: 600, sessionStore: memorySessions() })
  // The server's clock: this machine's is an hour ahead.
  const respond = app.server.fetch
  const now = Math.floor(Date.now() / 1000)
  const fetch: typeof globalThis.fetch = async (...request) => {
    const response = await respond(...request)
    return new Response(await response.text(), {
      status: response.status,
      headers: { 'content-type': 'application/json', date: new Date(now * 1000).toUTCString() },
    })
  }
  app.server.faults.claims = { iat: now, exp: now + 300, auth_time: now }
  later(3600)
  const { auth } = app.tab({ fetch, sessionStore: memorySessions() })
  await auth.restore()
  expect(auth.session).toBeDefined()
})
