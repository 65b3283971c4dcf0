// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { createApiFetch, memorySessions, type SessionStore, sealedSessions, stepUp } from '../../src/index.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import { API } from '../helpers/server.js'
import { createGate, later, OWNER, type SessionApp, textIn, useSessionApps } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'

const { start } = useSessionApps()
const tokensOf = ({ server }: SessionApp) => server.issued.filter((token) => /^(access|refresh)-/.test(token))
const livingOf = (app: SessionApp) => tokensOf(app).filter((token) => app.server.isActive(token))

describe('every end revokes what the session had', () => {
  it.each<[string, object]>([
    ['idle', { idleSeconds: 60 }],
    ['too_long', { absoluteSeconds: 60 }],
  ])('%s', async (reason, limits) => {
    const app = start({}, limits)
    const { auth, events } = app.tab()
    await auth.signIn()
    later(61)
    await refusal(auth.getAccessToken(), 'login_required')
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason }))
    await until(() => livingOf(app).length === 0)
  })

  it('another user', async () => {
    const app = start()
    const { auth, events } = app.tab()
    await auth.signIn()
    const old = tokensOf(app)
    app.server.faults.claims = { sub: 'bob' }
    await auth.signIn()
    expect(auth.session?.claims?.sub).toBe('bob')
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'replaced' }))
    await until(() => old.every((token) => !app.server.isActive(token)))
    expect(livingOf(app)).toHaveLength(2)
  })

  it('a refresh response of another user', async () => {
    const app = start()
    const { auth, events } = app.tab()
    await auth.signIn()
    later(3600)
    app.server.faults.claims = { sub: 'bob' }
    await refusal(auth.getAccessToken(), 'id_token_invalid')
    expect(auth.session).toBeUndefined()
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'answer_refused' }))
    // The rotated refresh token takes its access tokens with it.
    await until(() => livingOf(app).filter((token) => token.startsWith('refresh-')).length === 0)
  })

  it('the end of the server’s own session (session_expiry)', async () => {
    const expiry = Math.floor(Date.now() / 1000) + 600
    const { auth, events } = start({ claims: { session_expiry: expiry } }).tab()
    await auth.signIn()
    later(599)
    expect(auth.session).toBeDefined()
    later(2)
    expect(auth.session).toBeUndefined()
    await refusal(auth.getAccessToken(), 'login_required')
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'expired' }))
  })
})

it.each(['here', 'elsewhere'])('a listener that is told of the end finds nobody signed in: %s', async (where) => {
  const app = start()
  const [own, other] = [app.tab(), app.tab()]
  await own.auth.signIn()
  await other.auth.restore()
  const watched = where === 'here' ? own : other
  const seen: unknown[] = []
  watched.auth.subscribe(({ type }) => type === 'session_ended' && seen.push(watched.auth.session))
  await own.auth.signOut({ atServer: false })
  await until(() => seen.length)
  expect(seen).toEqual([undefined])
})

describe('a sign-out', () => {
  it.each<[string, () => SessionStore]>([
    ['memory', memorySessions],
    ['sealed', sealedSessions],
  ])('in another tab ends a silent sign-in that is under way: %s', async (_, store) => {
    const gate = createGate()
    let asked = 0
    const silent = travelBy(async (url) => {
      asked++
      await gate.released
      return app.server.visit(url)
    }, 'frame')
    const app: SessionApp = start({}, { silent: silently(silent) })
    const [leaving, restoring] = [
      app.tab({ sessionStore: store(), silent: undefined }),
      app.tab({ sessionStore: store() }),
    ]
    const work = restoring.auth.restore().catch(() => undefined)
    await until(() => asked === 1)
    await leaving.auth.signOut({ atServer: false })
    gate.release()
    await work
    expect(restoring.auth.session).toBeUndefined()
    await until(() => livingOf(app).length === 0)
  })

  it('that the store refuses once is retried, and a reload finds nobody', async () => {
    const inner = sealedSessions()
    let failures = 0
    const sessionStore: SessionStore = {
      ...inner,
      replace: (owner, epoch, next) => {
        if (next.text?.includes('signed_out') && failures++ === 0) return Promise.reject(new Error('busy'))
        return inner.replace(owner, epoch, next)
      },
    }
    const app = start({}, { sessionStore })
    const { auth, types } = app.tab()
    await auth.signIn()
    await auth.signOut({ atServer: false })
    expect(failures).toBeGreaterThan(0)
    expect(types()).not.toContain('sign_out_failed')
    expect(JSON.parse(`${await textIn(inner, OWNER)}`)).toMatchObject({ status: 'signed_out', ended: 'signed_out' })
    await expect(app.tab().auth.restore()).resolves.toBeUndefined()
  })

  it('after a limit still visits the server, with the ID token', async () => {
    const left: string[] = []
    const app = start(
      {},
      { idleSeconds: 60, postLogoutRedirectUri: 'https://app.example/bye', navigate: (url) => void left.push(url) },
    )
    const { auth } = app.tab()
    await auth.signIn()
    later(61)
    expect(auth.session).toBeUndefined()
    await auth.signOut()
    expect(new URL(`${left[0]}`).searchParams.get('id_token_hint')).toBe(app.server.issued.at(-1))
  })

  it.each(['this', 'another'])(
    'in %s tab is not undone by the callback that the page still remembers',
    async (where) => {
      const app = start({}, { redirectUri: 'https://app.example/' })
      const { auth } = app.tab()
      const other = where === 'this' ? auth : app.tab().auth
      let callback = ''
      const userAgent = {
        name: 'leaving',
        open: async ({ begin }: { begin(): Promise<{ url: URL }> }) => {
          callback = (await app.server.visit((await begin()).url)).href
        },
      }
      await auth.signIn({ userAgent })
      goTo(callback)
      await expect(auth.handleCallback()).resolves.toBeDefined()
      await expect(auth.handleCallback()).resolves.toBeDefined()
      await other.signOut({ atServer: false })
      await until(() => !auth.session)
      later(86_400)
      await expect(auth.handleCallback()).resolves.toBeUndefined()
      expect(auth.session).toBeUndefined()
    },
  )
})

describe('a refresh that is refused', () => {
  it('with status 200 and an OAuth error ends the session', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    later(3600)
    app.server.faults.respond = () => Response.json({ error: 'invalid_grant' })
    const error = await refusal(auth.getAccessToken(), 'token_request_refused')
    expect(error.serverError?.error).toBe('invalid_grant')
    expect(auth.session).toBeUndefined()
  })

  it('twice with status 400 and nothing more ends it, a proxy’s page and a busy server do not', async () => {
    const app = start()
    const { auth } = app.tab()
    await auth.signIn()
    later(3600)
    const html = { 'content-type': 'text/html' }
    for (const answer of [
      () => new Response('<html>', { status: 400, headers: html }),
      () => new Response('<html>', { status: 400, headers: html }),
      () => new Response(null, { status: 502 }),
      () => new Response(null, { status: 500 }),
      () => new Response(null, { status: 400 }),
    ]) {
      app.server.faults.respond = answer
      await auth.getAccessToken().catch(() => {})
      expect(auth.session).toBeDefined()
    }
    app.server.faults.respond = () => new Response(null, { status: 400 })
    await refusal(auth.getAccessToken(), 'token_request_refused')
    expect(auth.session).toBeUndefined()
  })
})

it('a token of an older, weaker sign-in is known as weak: the next challenge asks for a sign-in', async () => {
  const challenge = 'Bearer error="insufficient_user_authentication", acr_values="high"'
  const strong = new Set<string>()
  const app = start(
    {
      claims: { acr: 'low' },
      api: (request) =>
        strong.has(`${request.headers.get('authorization')?.slice(7)}`)
          ? Response.json({})
          : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }),
    },
    { apis: { [API]: {} }, stepUp },
  )
  const { auth } = app.tab()
  await auth.signIn()
  const first = await refusal(createApiFetch(auth)(API), 'step_up_required')
  app.server.faults.claims = { acr: 'high' }
  app.server.faults.token = { refresh_token: undefined }
  await first.signIn?.()
  strong.add(await auth.getAccessToken())
  expect((await createApiFetch(auth)(API)).status).toBe(200)
  // The refresh token is still the one of the first sign-in.
  app.server.faults.claims = { acr: 'low' }
  app.server.faults.token = {}
  later(3600)
  const again = await refusal(createApiFetch(auth)(API), 'step_up_required')
  expect(again.signIn).toBeInstanceOf(Function)
})
