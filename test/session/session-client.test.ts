// @vitest-environment happy-dom
import { setTimeout as delay } from 'node:timers/promises'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApiFetch, getUserInfo, sealedSessions } from '../../src/index.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import { API } from '../helpers/server.js'
import { createSessionApp } from '../helpers/session-app.js'
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

function start(...parameters: Parameters<typeof createSessionApp>) {
  const app = createSessionApp(...parameters)
  return {
    ...app,
    tab(...more: Parameters<typeof app.tab>) {
      const tab = app.tab(...more)
      closing.push(tab.auth)
      return tab
    },
  }
}

describe('the session', () => {
  it('is there after a sign-in, without a token, and the same object until something changes', async () => {
    const app = start()
    const { auth } = app.tab()
    expect(auth.session).toBeUndefined()
    await auth.signIn()
    const { session } = auth
    expect(session).toMatchObject({ claims: { sub: 'ada' }, scope: 'openid' })
    expect(auth.session).toBe(session)
    await auth.getAccessToken()
    expect(auth.session).toBe(session)
    for (const token of app.server.issued) expect(JSON.stringify(session)).not.toContain(token)
  })

  it('is what useSyncExternalStore wants: told of every change', async () => {
    const { auth } = start().tab()
    const snapshots: unknown[] = []
    const undo = auth.subscribe(() => {
      if (snapshots.at(-1) !== auth.session) snapshots.push(auth.session)
    })
    await auth.signIn()
    await auth.signOut({ atServer: false })
    undo()
    expect(snapshots).toEqual([expect.objectContaining({ scope: 'openid' }), undefined])
  })

  it('in memory is forgotten by a reload; sealed it is found again', async () => {
    const app = start()
    await app.tab().auth.signIn()
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    await app.tab({ sessionStore: sealedSessions() }).auth.signIn()
    const reloaded = app.tab({ sessionStore: sealedSessions() })
    await expect(reloaded.auth.restore()).resolves.toMatchObject({ claims: { sub: 'ada' } })
    expect(reloaded.types()).toEqual(['session_restored'])
    expect(app.refreshes()).toBe(0)
  })

  it('belongs to one client of one issuer', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    await app.tab().auth.signIn()
    await expect(app.tab({ clientId: 'other' }).auth.restore()).resolves.toBeUndefined()
  })
})

describe('getAccessToken', () => {
  it('gives the one at hand without any request', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const before = app.server.requests.length
    const token = await auth.getAccessToken()
    expect(await auth.getAccessToken()).toBe(token)
    expect(app.server.requests.length).toBe(before)
  })

  it('says login_required where nobody is signed in', async () => {
    await refusal(start().tab().auth.getAccessToken(), 'login_required')
  })

  it('refreshes once for all who ask, and stores before it gives', async () => {
    const app = start({ token: { expires_in: 0 } }, { sessionStore: sealedSessions() })
    const { auth } = app.tab()
    await auth.signIn()
    app.server.faults.token = { expires_in: 3600 }
    const tokens = await Promise.all(Array.from({ length: 10 }, () => auth.getAccessToken()))
    expect(new Set(tokens).size).toBe(1)
    expect(app.refreshes()).toBe(1)
    const reloaded = app.tab()
    await reloaded.auth.restore()
    expect(await reloaded.auth.getAccessToken()).toBe(tokens[0])
    expect(app.refreshes()).toBe(1)
  })

  it('of ten tabs makes one refresh', async () => {
    const app = start({ token: { expires_in: 0 } }, {})
    const tabs = Array.from({ length: 10 }, () => app.tab({ sessionStore: sealedSessions() }))
    await tabs[0]!.auth.signIn()
    for (const { auth } of tabs) await auth.restore()
    app.server.faults.token = { expires_in: 3600 }
    // Without Web Locks, which happy-dom lacks, the tabs take turns.
    const tokens: string[] = []
    for (const { auth } of tabs) tokens.push(await auth.getAccessToken())
    expect(new Set(tokens).size).toBe(1)
    expect(app.refreshes()).toBe(1)
  })

  it('ends the session where the server takes the refresh token no more', async () => {
    const app = start({ token: { expires_in: 0 } })
    const { auth, types } = app.tab()
    await auth.signIn()
    app.server.revoke(app.server.issued.find((token) => token.startsWith('refresh-'))!)
    await refusal(auth.getAccessToken(), 'token_request_refused')
    expect(auth.session).toBeUndefined()
    expect(
      types()
        .filter((type) => /^(session|refresh)_/.test(type))
        .slice(-2),
    ).toEqual(['session_ended', 'refresh_failed'])
  })

  it('keeps the session where the network fails, and gives what is still good', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const token = await auth.getAccessToken()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_595_000 })
    app.server.faults.respond = () => {
      throw new TypeError('offline')
    }
    expect(await auth.getAccessToken()).toBe(token)
    vi.setSystemTime(Date.now() + 10_000)
    await refusal(auth.getAccessToken(), 'network_error')
    delete app.server.faults.respond
    expect(await auth.getAccessToken()).not.toBe(token)
    expect(auth.session).toBeDefined()
  })

  it('of a refresh that answers for somebody else ends the session', async () => {
    const app = start({ token: { expires_in: 0 } })
    const { auth, events } = app.tab()
    await auth.signIn()
    app.server.faults.claims = { sub: 'bob' }
    await refusal(auth.getAccessToken(), 'id_token_invalid')
    expect(auth.session).toBeUndefined()
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'answer_refused' }))
  })
})

describe('fetch', () => {
  it('sends the token to the listed origin only', async () => {
    const seen: (string | null)[] = []
    const app = start({
      api: (request) => {
        seen.push(request.headers.get('authorization'))
        return Response.json({})
      },
    })
    const { auth } = app.tab()
    await auth.signIn()
    await createApiFetch(auth)(`${API}/me`, { headers: { 'x-own': '1' } })
    expect(seen).toEqual([`Bearer ${await auth.getAccessToken()}`])
    for (const url of ['https://api.example.evil/', 'https://api.example:8443/', 'https://app.example/x']) {
      await createApiFetch(auth)(url)
      const { init } = app.server.requests.at(-1)!
      expect(new Headers(init.headers).get('authorization')).toBeNull()
    }
  })

  it('refreshes once on 401 and repeats once', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    app.server.revoke(await auth.getAccessToken())
    const answer = await createApiFetch(auth)(`${API}/me`)
    expect(await answer.json()).toEqual({ hello: 'ada' })
    expect(app.refreshes()).toBe(1)
  })

  it('sends at most two requests to an API that always says 401', async () => {
    let count = 0
    const app = start({
      api: () => {
        count++
        return new Response(null, { status: 401 })
      },
    })
    const { auth } = app.tab()
    await auth.signIn()
    expect((await createApiFetch(auth)(`${API}/me`)).status).toBe(401)
    expect(count).toBe(2)
  })

  it('fails with insufficient_scope, and its signIn asks for all of it', async () => {
    const challenge = 'Bearer error="insufficient_scope", scope="orders:read"'
    const app = start({ api: () => new Response(null, { status: 403, headers: { 'www-authenticate': challenge } }) })
    const { auth } = app.tab()
    await auth.signIn()
    const error = await refusal(createApiFetch(auth)(`${API}/orders`), 'insufficient_scope')
    expect(error.requirements).toEqual({ scope: 'orders:read' })
    await error.signIn?.()
    expect(auth.session?.scope).toBe('openid orders:read')
  })
})

describe('signOut', () => {
  it('is local at once, revokes both tokens, and reaches every tab', async () => {
    const app = start({}, { sessionStore: sealedSessions() })
    const [first, second] = [app.tab(), app.tab()]
    await first.auth.signIn()
    await second.auth.restore()
    const leaving = first.auth.signOut({ atServer: false })
    expect(first.auth.session).toBeUndefined()
    await leaving
    await until(() => !second.auth.session)
    expect(second.events.at(-1)).toMatchObject({ type: 'session_ended', reason: 'elsewhere' })
    for (const token of app.server.issued) expect(app.server.isActive(token)).toBe(false)
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
  })

  it('is not undone by a refresh that was under way', async () => {
    const app = start({ token: { expires_in: 0 } }, { sessionStore: sealedSessions() })
    const { auth } = app.tab()
    await auth.signIn()
    const { fetch } = app.server
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = app.tab({
      fetch: async (...request) => {
        const answer = await fetch(...request)
        if (String(request[0]).endsWith('/token')) await held
        return answer
      },
    })
    await slow.auth.restore()
    const refreshing = slow.auth.getAccessToken()
    refreshing.catch(() => {})
    await until(() => app.refreshes() === 1)
    await auth.signOut({ atServer: false })
    release()
    await refusal(refreshing, 'login_required')
    await delay(20)
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
    for (const token of app.server.issued.filter((token) => token.startsWith('refresh-')))
      expect(app.server.isActive(token)).toBe(false)
  })

  it('goes through with a server that fails, and says what may live on', async () => {
    const app = start({ revoke: () => new Response(null, { status: 503 }) })
    const { auth, events } = app.tab()
    await auth.signIn()
    await auth.signOut()
    expect(auth.session).toBeUndefined()
    expect(events.filter(({ type }) => type === 'revocation_failed')).toHaveLength(2)
  })

  it('goes on to the server, and comes back once with a checked state', async () => {
    let left = ''
    const app = start({}, { postLogoutRedirectUri: 'https://app.example/bye', navigate: (url) => (left = url) })
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signOut({ returnTo: '/hello' })
    const asked = new URL(left).searchParams
    expect(Object.fromEntries(asked)).toMatchObject({
      client_id: 'spa',
      post_logout_redirect_uri: 'https://app.example/bye',
    })
    expect(asked.get('id_token_hint')).toMatch(/^ey/)
    const back = `https://app.example/bye?state=${asked.get('state')}`
    goTo(back)
    await expect(app.tab().auth.handleSignedOut()).resolves.toEqual({ returnTo: '/hello' })
    expect(location.href).toBe('https://app.example/bye')
    await refusal(app.tab().auth.handleSignedOut(back), 'unknown_state')
    await expect(auth.handleSignedOut('https://app.example/bye?state=x')).resolves.toBeUndefined()
  })
})

describe('limits', () => {
  it.each([
    [{ idleSeconds: 60 }, 'idle'],
    [{ absoluteSeconds: 60 }, 'too_long'],
  ])('%o end the session', async (limits, reason) => {
    const { auth, events } = start({}, limits).tab()
    await auth.signIn()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 59_000 })
    expect(auth.session).toBeDefined()
    vi.setSystemTime(Date.now() + 2000)
    expect(auth.session).toBeUndefined()
    await refusal(auth.getAccessToken(), 'login_required')
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason }))
  })
})

it('userInfo asks the server, and refuses somebody else', async () => {
  const app = start()
  const { auth } = app.tab()
  await auth.signIn()
  await expect(getUserInfo(auth)).resolves.toEqual({ sub: 'ada', name: 'Ada' })
})
