// @vitest-environment happy-dom
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { memorySessions, ProofkeyError, type SessionStore, sealedSessions } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'
import type { Faults } from '../helpers/server.js'
import { later, OWNER, slow, textIn, useSessionApps, writeText } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { uncaughtDuring } from '../helpers/uncaught.js'
import { until } from '../helpers/until.js'

const { start, channels } = useSessionApps()

/** A store that can be told to fail. */
function fragile(inner: SessionStore) {
  const broken = new Set<'read' | 'replace' | 'exclusive'>()
  const failing = () => Promise.reject(new Error('broken'))
  const store: SessionStore = {
    name: inner.name,
    shared: inner.shared,
    read: (owner) => (broken.has('read') ? failing() : inner.read(owner)),
    replace: (...change) => (broken.has('replace') ? failing() : inner.replace(...change)),
    exclusive: (owner, work) => (broken.has('exclusive') ? failing() : inner.exclusive(owner, work)),
  }
  return { store, broken }
}

describe('what lies in the store', () => {
  const texts = [
    '',
    'x',
    '{',
    'null',
    '0',
    '"text"',
    '[]',
    '{}',
    '{"version":1,"id":"x"}',
    '{"version":"2","status":"signed_in"}',
    '{"version":2,"status":"signed_in","signOutEpoch":0}',
  ]

  it.each(texts)('%o is nobody, not a crash, and the next sign-in goes well', async (text) => {
    const app = start()
    await writeText(sealedSessions(), OWNER, text)
    const { auth } = app.tab()
    const uncaught = await uncaughtDuring(async () => {
      await expect(auth.restore()).resolves.toBeUndefined()
      await refusal(auth.getAccessToken(), 'login_required')
      await auth.signOut()
    })
    expect(uncaught).toEqual([])
    await auth.signIn()
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })

  it.each(texts)('%o in the place of a session ends it', async (text) => {
    const { auth, events } = await (async () => {
      const tab = start().tab()
      await tab.auth.signIn()
      return tab
    })()
    await writeText(sealedSessions(), OWNER, text)
    await expect(auth.restore()).resolves.toBeUndefined()
    expect(events.at(-1)).toMatchObject({ type: 'session_ended', reason: 'elsewhere' })
  })

  it('is what a session of this version is found by', async () => {
    const app = start()
    await app.tab().auth.signIn()
    const text = (await textIn(sealedSessions(), OWNER)) ?? ''
    expect(JSON.parse(text)).toMatchObject({ version: 2, status: 'signed_in', session: { id: expect.any(String) } })
    await writeText(sealedSessions(), OWNER, text)
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })

  it('when it has been used last counts as a number, or not at all', async () => {
    const app = start({}, { idleSeconds: 600 })
    await app.tab().auth.signIn()
    await writeText(sealedSessions(), `${OWNER} active`, 'yesterday')
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
    later(601)
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
  })
})

describe('a store that fails', () => {
  it.each(['read', 'replace'] as const)(
    'to %s costs this page nothing: it goes on with its newest tokens',
    async (how) => {
      const { store, broken } = fragile(sealedSessions())
      const app = start({}, { sessionStore: store })
      const { auth, types } = app.tab()
      await auth.signIn()
      broken.add(how)
      const uncaught = await uncaughtDuring(async () => {
        for (let time = 0; time < 4; time++) {
          later(3600)
          const token = await auth.getAccessToken()
          expect(app.server.isActive(token)).toBe(true)
          // Whatever makes it look at the store again.
          await auth.restore()
        }
      })
      expect(uncaught).toEqual([])
      expect(app.refreshes()).toBe(4)
      expect(app.server.reused).toEqual([])
      expect(types()).toContain('session_not_stored')
      broken.clear()
      later(3600)
      await auth.getAccessToken()
      await expect(app.tab().auth.restore()).resolves.toBeDefined()
    },
  )

  it('from the beginning leaves a session in this page', async () => {
    const { store, broken } = fragile(sealedSessions())
    for (const how of ['read', 'replace'] as const) broken.add(how)
    const app = start({}, { sessionStore: store })
    const { auth } = app.tab()
    await auth.signIn()
    later(3600)
    await auth.getAccessToken()
    expect(auth.session).toBeDefined()
    await auth.signOut({ atServer: false })
    expect(auth.session).toBeUndefined()
  })

  it.each([
    ['at once is asked three times', 0, 3],
    ['by not answering is asked once', 2, 1],
  ])('%s', async (_, seconds, reads) => {
    let asked = 0
    const sessionStore: SessionStore = {
      ...memorySessions(),
      read: async () => {
        asked++
        later(seconds)
        throw new ProofkeyError('storage_unavailable', 'IndexedDB cannot be used here.')
      },
    }
    const { auth } = start({}, { sessionStore }).tab()
    await expect(auth.restore()).resolves.toBeUndefined()
    expect(asked).toBe(reads)
  })

  it('to lock says so, and loses nothing', async () => {
    const { store, broken } = fragile(sealedSessions())
    const app = start({}, { sessionStore: store })
    const { auth } = app.tab()
    await auth.signIn()
    broken.add('exclusive')
    later(3600)
    expect(await uncaughtDuring(() => expect(auth.getAccessToken()).rejects.toThrow('broken'))).toEqual([])
    expect(auth.session).toBeDefined()
    broken.clear()
    await auth.getAccessToken()
    expect(app.refreshes()).toBe(1)
  })
})

describe('a page whose changes could not be stored', () => {
  it.each(['ada', 'bob'])(
    'keeps no refresh of its own in the session that %s has started in another tab',
    async (sub) => {
      const { store, broken } = fragile(sealedSessions())
      const app = start()
      const net = slow(app.server.fetch)
      const [first, second] = [app.tab({ sessionStore: store, fetch: net.fetch }), app.tab()]
      await first.auth.restore()
      broken.add('replace')
      await first.auth.signIn()
      broken.clear()
      const asking = first.auth.getAccessToken({ fresh: true }).catch(() => {})
      await until(() => app.refreshes() === 1)
      app.server.faults.claims = { sub }
      await second.auth.signIn()
      const text = await textIn(sealedSessions())
      net.release()
      await asking
      expect(await textIn(sealedSessions())).toBe(text)
    },
  )
})

describe('words of other tabs', () => {
  it('that come late end the session they name, not the one after it', async () => {
    const app = start()
    const [first, second] = [app.tab(), app.tab()]
    await first.auth.signIn()
    await second.auth.restore()
    channels().setPost('late')
    await first.auth.signOut({ atServer: false })
    await second.auth.signIn()
    channels().deliver()
    await delay(20)
    expect(second.auth.session).toBeDefined()
    await expect(first.auth.restore()).resolves.toBeDefined()
  })

  it('that never come are made up for by the store, before a token is asked for', async () => {
    const app = start()
    const [first, second] = [app.tab(), app.tab()]
    await first.auth.signIn()
    await second.auth.restore()
    channels().setPost('never')
    await first.auth.signOut({ atServer: false })
    later(3600)
    await refusal(second.auth.getAccessToken(), 'login_required')
    expect(second.auth.session).toBeUndefined()
    expect(app.refreshes()).toBe(0)
  })

  it('that nobody understands change nothing', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const other = new (channels().BroadcastChannel)(`proofkey session ${OWNER}`)
    const uncaught = await uncaughtDuring(async () => {
      for (const message of [null, undefined, 0, 'x', {}, [], { ended: '' }, { ended: 7 }]) other.postMessage(message)
      await delay(10)
    })
    expect(uncaught).toEqual([])
    expect(auth.session).toBeDefined()
  })

  it('of a session in memory that the server refuses leave another tab’s alone; of a sign-out they do not', async () => {
    const app = start()
    const [first, second] = [0, 1].map(() => app.tab({ sessionStore: memorySessions() })) as [
      ReturnType<typeof app.tab>,
      ReturnType<typeof app.tab>,
    ]
    await first.auth.signIn()
    app.server.revoke(app.server.issued.find((token) => token.startsWith('refresh-')) ?? '')
    await second.auth.signIn()
    later(3600)
    await refusal(first.auth.getAccessToken(), 'token_request_refused')
    await delay(10)
    expect(second.auth.session).toBeDefined()
    await first.auth.signIn()
    await first.auth.signOut({ atServer: false })
    await until(() => !second.auth.session)
  })
})

describe('limits', () => {
  it('of a tab that heard nothing are those of the tab in use', async () => {
    const app = start({}, { idleSeconds: 600 })
    const [used, idle] = [app.tab(), app.tab()]
    await used.auth.signIn()
    await idle.auth.restore()
    channels().setPost('never')
    for (let minute = 0; minute < 15; minute++) {
      later(60)
      await used.auth.getAccessToken()
    }
    await until(async () => Number(await textIn(sealedSessions(), `${OWNER} active`)) > Date.now() - 120_000)
    await expect(idle.auth.restore()).resolves.toBeDefined()
    expect(used.auth.session).toBeDefined()
    expect(idle.types()).not.toContain('session_ended')
    later(601)
    await expect(idle.auth.restore()).resolves.toBeUndefined()
    await expect(used.auth.restore()).resolves.toBeUndefined()
  })

  it('of an old session do not take the one after it out of the store', async () => {
    const app = start({}, { idleSeconds: 600 })
    const [old, fresh] = [app.tab(), app.tab()]
    await old.auth.signIn()
    channels().setPost('never')
    later(601)
    await fresh.auth.signIn()
    await refusal(app.tab({ clientId: 'other' }).auth.getAccessToken(), 'login_required')
    await old.auth.restore()
    await delay(10)
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })

  it('that have run out unseen do not end the next sign-in', async () => {
    const { auth } = start({}, { idleSeconds: 600 }).tab()
    await auth.signIn()
    later(601)
    await auth.signIn()
    expect(auth.session).toBeDefined()
  })

  it('count from the sign-in, also where its use could not be noted any more', async () => {
    const { store, broken } = fragile(sealedSessions())
    const app = start({}, { idleSeconds: 600, sessionStore: store })
    await app.tab().auth.signIn()
    later(86_400)
    const next = app.tab()
    await next.auth.signIn()
    broken.add('replace')
    await writeText(sealedSessions(), `${OWNER} active`, `${Date.now() - 86_400_000}`)
    await expect(app.tab().auth.restore()).resolves.toBeDefined()
  })

  it('are not put off by silent sign-ins, but by one where the person was asked', async () => {
    const faults: Faults = { token: { refresh_token: undefined, expires_in: 300 }, claims: { auth_time: 1 } }
    const silent = silently(travelBy((url) => app.server.visit(url), 'frame'))
    const app: ReturnType<typeof start> = start(faults, { absoluteSeconds: 1000, silent })
    const { auth } = app.tab()
    await auth.signIn()
    for (const seconds of [290, 290, 290]) {
      later(seconds)
      await auth.getAccessToken()
    }
    later(290)
    expect(auth.session).toBeUndefined()
    await refusal(auth.getAccessToken(), 'login_required')

    await auth.signIn()
    later(900)
    faults.claims = { auth_time: 2 }
    await auth.signIn()
    later(900)
    expect(auth.session).toBeDefined()
  })
})

describe('a server that asks to wait', () => {
  const busy = (status: number, retryAfter?: string) => () =>
    new Response('busy', { status, ...(retryAfter !== undefined && { headers: { 'retry-after': retryAfter } }) })

  it.each<[string, number, () => string | undefined, number]>([
    ['429, seconds', 429, () => '30', 30],
    ['503, seconds', 503, () => '30', 30],
    ['a date', 429, () => new Date(Math.ceil(Date.now() / 1000) * 1000 + 30_000).toUTCString(), 31],
    ['no word of how long', 429, () => undefined, 1],
    ['nonsense', 503, () => 'soon', 0],
    ['a day', 503, () => '86400', 3600],
  ])('gets no refresh before that: %s', async (_, status, after, seconds) => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    later(3600)
    app.server.faults.respond = busy(status, after())
    const first = await refusal(auth.getAccessToken(), 'token_response_invalid')
    expect(app.refreshes()).toBe(1)
    delete app.server.faults.respond
    if (seconds > 1) {
      later(seconds - 2)
      expect(await auth.getAccessToken().catch((error) => error)).toBe(first)
      expect(app.refreshes()).toBe(1)
      later(2)
    } else later(seconds)
    expect(app.server.isActive(await auth.getAccessToken())).toBe(true)
    expect(app.refreshes()).toBe(2)
  })

  it('while the token is still good, nobody notices', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const token = await auth.getAccessToken()
    later(3590)
    app.server.faults.respond = busy(429, '3600')
    for (let time = 0; time < 5; time++) expect(await auth.getAccessToken()).toBe(token)
    expect(app.refreshes()).toBe(1)
  })

  it('is not asked by every one of many callers', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    later(3600)
    app.server.faults.respond = busy(503)
    for (let time = 0; time < 20; time++) await refusal(auth.getAccessToken(), 'token_response_invalid')
    expect(app.refreshes()).toBe(1)
  })
})

describe('a refresh that is sent', () => {
  it('is not stopped by a caller who aborts, or has waited long enough; its answer is kept', async () => {
    const app = start()
    const net = slow(app.server.fetch)
    const { auth } = app.tab({ fetch: net.fetch, timeoutSeconds: 0.3 })
    await auth.signIn()
    later(3600)
    const stop = new AbortController()
    const uncaught = await uncaughtDuring(async () => {
      const aborting = auth.getAccessToken({ signal: stop.signal })
      const waiting = auth.getAccessToken()
      stop.abort()
      await refusal(aborting, 'aborted')
      await refusal(waiting, 'timeout')
      await refusal(auth.getAccessToken({ signal: AbortSignal.abort() }), 'aborted')
    })
    expect(uncaught).toEqual([])
    const { init } = app.server.requests.find(({ body }) => body.has('refresh_token'))!
    expect(init.signal?.aborted).toBe(false)
    net.release()
    await until(async () => (await textIn(sealedSessions(), OWNER))?.includes(app.server.issued.at(-2) ?? '?'))
    expect(app.server.isActive(await auth.getAccessToken())).toBe(true)
    expect(app.refreshes()).toBe(1)
  })

  it('gives way to a sign-in of the same person meanwhile, and revokes nothing of it', async () => {
    const app = start()
    const net = slow(app.server.fetch)
    const { auth } = app.tab({ fetch: net.fetch })
    await auth.signIn()
    later(3600)
    const asking = auth.getAccessToken()
    await until(() => app.refreshes() === 1)
    await auth.signIn()
    const [own] = app.server.issued.slice(-3)
    net.release()
    expect(await asking).toBe(own)
    expect(await auth.getAccessToken()).toBe(own)
    expect(app.server.requests.some(({ url }) => url.endsWith('/revoke'))).toBe(false)
    later(3600)
    expect(app.server.isActive(await auth.getAccessToken())).toBe(true)
  })

  it('and is answered wrongly ends its own session, not the one of a sign-in meanwhile', async () => {
    const app = start()
    const net = slow(app.server.fetch)
    const { auth } = app.tab({ fetch: net.fetch })
    await auth.signIn()
    later(3600)
    app.server.faults.claims = { sub: 'bob' }
    const asking = auth.getAccessToken()
    asking.catch(() => {})
    await until(() => app.server.issued.some((token) => token.startsWith('refresh-') && app.refreshes() === 1))
    await delay(10)
    delete app.server.faults.claims
    await auth.signIn()
    net.release()
    await refusal(asking, 'id_token_invalid')
    expect(auth.session?.claims?.sub).toBe('ada')
  })

  it('fails for who asked in another’s name: no token of the person before', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const old = await auth.getAccessToken()
    // Still good, but due.
    later(3590)
    app.server.faults.respond = async (body) => {
      if (body.get('grant_type') !== 'refresh_token') return Response.json({}, { status: 500 })
      delete app.server.faults.respond
      app.server.faults.claims = { sub: 'bob' }
      await auth.signIn()
      return new Response('oops', { status: 500 })
    }
    const given = await auth.getAccessToken().catch((error) => error)
    expect(given).not.toBe(old)
    expect(auth.session?.claims?.sub).toBe('bob')
  })
})

describe('a sign-in over another', () => {
  it('of somebody else takes nothing over', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    const old = await auth.getAccessToken({ resource: 'https://one.example' })
    app.server.faults.claims = { sub: 'bob' }
    await auth.signIn()
    expect(auth.session?.claims?.sub).toBe('bob')
    expect(await auth.getAccessToken({ resource: 'https://one.example' })).not.toBe(old)
  })

  it('that says not who it is takes nothing over', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signIn({ scope: 'orders:read' })
    expect(auth.session).toMatchObject({ scope: 'orders:read', claims: undefined })
  })
})

describe('resources and scopes', () => {
  it('each get their own token, by a refresh that names them', async () => {
    const app = start({}, { resource: 'https://home.example' })
    const { auth } = app.tab()
    await auth.signIn()
    const wanted = [
      {},
      { resource: 'https://one.example' },
      { resource: 'https://two.example' },
      { scope: 'openid' },
      { resource: 'https://one.example', scope: 'openid' },
    ]
    const tokens = []
    for (const options of wanted) tokens.push(await auth.getAccessToken(options))
    expect(new Set(tokens).size).toBe(5)
    for (const options of wanted) expect(tokens).toContain(await auth.getAccessToken(options))
    expect(app.bodies().map((body) => [body.get('resource'), body.get('scope')])).toEqual([
      ['https://one.example', null],
      ['https://two.example', null],
      ['https://home.example', 'openid'],
      ['https://one.example', 'openid'],
    ])
  })

  it('leave the session’s own scope and refresh token as they are', async () => {
    const app = start({}, { scope: 'openid profile' })
    const { auth } = app.tab()
    await auth.signIn()
    await auth.getAccessToken({ scope: 'openid' })
    expect(auth.session?.scope).toBe('openid profile')
    later(3600)
    await auth.getAccessToken()
    expect(auth.session?.scope).toBe('openid profile')
    // Not what sign-ins ask for by default: more may have been granted since.
    expect(app.bodies().at(-1)?.get('scope')).toBeNull()
    expect(app.server.reused).toEqual([])
  })
})
