import { describe, expect, it } from 'vitest'
import { backendStepUp } from '../../../src/index.js'
import { stepUp } from '../../../src/server.js'
import { pass, settle, useBackendPages } from '../../helpers/backend-pages.js'
import { refusal } from '../../helpers/refusal.js'
import { ORIGIN } from '../../helpers/server-session-app.js'

const { startBackend } = useBackendPages()

/** An API that demands this of every request. */
const demands = (challenge: string, status = 401) => ({
  api: () => new Response('no', { status, headers: { 'www-authenticate': `Bearer ${challenge}` } }),
})
const DEMAND = 'error="insufficient_user_authentication", acr_values="urn:strong urn:stronger", max_age="60"'

async function signedIn(...given: Parameters<typeof startBackend>) {
  const backend = startBackend(...given)
  await backend.browser.signIn()
  const page = backend.page({ stepUp: backendStepUp })
  await page.auth.start()
  return { ...backend, ...page }
}

describe('fetch of a page', () => {
  it('calls an API through the backend', async () => {
    const { auth, requests } = await signedIn()
    expect(await (await auth.fetch('/api/orders')).json()).toEqual({ hello: 'ada' })
    expect(await (await auth.fetch(new Request(`${ORIGIN}/api/orders`))).json()).toEqual({ hello: 'ada' })
    expect(requests.slice(1)).toEqual(['GET /api/orders', 'GET /api/orders'])
  })

  it('is refused by the backend without the header that it adds', async () => {
    const { auth, setWay } = await signedIn()
    setWay(async (request, go) => {
      expect(request.headers.get('x-proofkey')).toBe('1')
      request.headers.delete('x-proofkey')
      return go()
    })
    expect((await auth.fetch('/api/orders')).status).toBe(200)
    const { page, setWay: setOther } = startBackend()
    setOther(async (request) => Response.json([...request.headers]))
    expect(await (await page().auth.fetch('/api', { headers: { accept: 'x/y' } })).json()).toEqual([
      ['accept', 'x/y'],
      ['x-proofkey', '1'],
    ])
  })

  it.each(['https://api.example/orders', '//api.example', 'blob:https://app.example/7', 'http://app.example/'])(
    'is for this origin only: %s',
    async (url) => {
      const { page, requests } = startBackend()
      await refusal(page().auth.fetch(url), 'config_invalid')
      expect(requests).toEqual([])
    },
  )

  it('returns every other response as it is', async () => {
    const { auth, setWay, told } = await signedIn()
    const page = new Response('<h1>No</h1>', { status: 401, headers: { 'content-type': 'text/html' } })
    for (const response of [
      page,
      Response.json({ code: 'login_required' }, { status: 403 }),
      Response.json(7, { status: 401 }),
    ]) {
      setWay(async () => response.clone())
      expect(await (await auth.fetch('/api/x')).text()).toBe(await response.text())
    }
    setWay(async () => {
      throw new TypeError('fetch failed')
    })
    await expect(auth.fetch('/api/x')).rejects.toThrow(TypeError)
    expect(told()).toEqual(['session_restored'])
  })
})

describe('a request without a session', () => {
  it('ends the session of the page, and of the other tabs', async () => {
    const { auth, browser, told, page } = await signedIn()
    const other = page()
    await other.auth.start()
    await browser.signOut()
    await refusal(auth.fetch('/api/orders'), 'login_required')
    expect(auth.session).toBeUndefined()
    expect(told()).toEqual(['session_restored', 'session_ended elsewhere'])
    await settle()
    expect(other.told()).toEqual(['session_restored', 'session_ended elsewhere'])
  })

  it('ends it also if the backend says nothing more', async () => {
    const { auth, setWay, told } = await signedIn()
    setWay(async ({ url }) => {
      if (url.endsWith('/auth/session')) throw new TypeError('fetch failed')
      return Response.json({ code: 'login_required' }, { status: 401 })
    })
    await refusal(auth.fetch('/api/orders'), 'login_required')
    expect(told()).toEqual(['session_restored', 'session_check_failed', 'session_ended elsewhere'])
  })

  it('ends nothing if another tab has signed in meanwhile: it had the cookie before', async () => {
    const { auth, browser, setWay } = await signedIn()
    setWay(async ({ url }, go) => {
      if (url.endsWith('/auth/session')) return go()
      await browser.signIn()
      return Response.json({ code: 'login_required' }, { status: 401 })
    })
    await refusal(auth.fetch('/api/orders'), 'login_required')
    expect(auth.session).toMatchObject({ claims: { sub: 'ada' } })
  })

  it('of a visitor asks the backend nothing more', async () => {
    const { page, requests } = startBackend()
    const { auth } = page()
    await auth.start()
    await refusal(auth.fetch('/api/orders'), 'login_required')
    expect(requests).toEqual(['GET /auth/session', 'GET /api/orders'])
  })
})

describe('what an API demands of the sign-in', () => {
  it('is an error that signs in so', async () => {
    const { auth, left } = await signedIn({}, demands(DEMAND))
    const error = await refusal(auth.fetch('/api/orders'), 'step_up_required')
    expect(error.requirements).toEqual({ acrValues: 'urn:strong urn:stronger', maxAgeSeconds: 60 })
    void error.signIn?.({ returnTo: '/inbox' })
    expect(left).toEqual([`${ORIGIN}/auth/sign-in?returnTo=%2Finbox&acr_values=urn%3Astrong+urn%3Astronger&max_age=60`])
  })

  it('is the response as it is without backendStepUp', async () => {
    const { page } = await signedIn({}, demands(DEMAND))
    expect((await page().auth.fetch('/api/orders')).status).toBe(401)
  })

  it('is not asked for again if the sign-in meets it, by the clock of the backend', async () => {
    const { browser, page, setWay } = startBackend(
      { maxAgeSeconds: 3600 },
      demands('error="insufficient_user_authentication", max_age=60'),
    )
    await browser.signIn()
    const { auth } = page({ stepUp: backendStepUp })
    await auth.start()
    await refusal(auth.fetch('/api/orders'), 'step_up_failed')
    await pass(61)
    expect((await refusal(auth.fetch('/api/orders'), 'step_up_required')).signIn).toBeDefined()
    // The clock of this machine is an hour ahead of the backend's: the sign-in seems older than it is.
    await browser.signIn()
    setWay(async ({ url }, go) => {
      const response = await go()
      if (!url.endsWith('/auth/session')) return response
      const { session } = await response.json()
      const claims = { ...session.claims, auth_time: session.claims.auth_time - 3600 }
      return Response.json({ session: { ...session, claims, endsAtMs: session.endsAtMs - 3_600_000 } })
    })
    await auth.restore()
    await refusal(auth.fetch('/api/orders'), 'step_up_failed')
  })

  it('can be more scope, for which a link cannot ask', async () => {
    const { auth } = await signedIn({}, demands('error="insufficient_scope", scope="orders:write"', 403))
    const error = await refusal(auth.fetch('/api/orders'), 'insufficient_scope')
    expect([error.requirements, error.signIn]).toEqual([{ scope: 'orders:write' }, undefined])
  })

  it('can be more scope that the API does not name: neither can a link', async () => {
    const challenge = 'error="insufficient_scope"'
    const { auth, setWay } = await signedIn({}, demands(challenge, 403))
    expect((await refusal(auth.fetch('/api/orders'), 'insufficient_scope')).signIn).toBeUndefined()
    const headers = { 'www-authenticate': `Bearer ${challenge}` }
    setWay(async () => new Response('no', { status: 403, headers }))
    expect((await refusal(auth.fetch('/orders'), 'insufficient_scope')).signIn).toBeUndefined()
  })

  it.each(['forward', 'a route of the app'])('is met already, as %s has found', async (who) => {
    const { auth, setWay } = await signedIn({ stepUp }, demands('error="insufficient_user_authentication"'))
    if (who !== 'forward') setWay(async () => Response.json({ code: 'step_up_failed' }, { status: 401 }))
    const error = await refusal(auth.fetch('/api/orders'), 'step_up_failed')
    expect([error.requirements, error.signIn]).toEqual([undefined, undefined])
  })

  it('is read by the clock of the backend also where it names no end of the session', async () => {
    const { auth, setWay } = await signedIn({}, demands('error="insufficient_user_authentication", max_age=60'))
    setWay(async ({ url }, go) => {
      const response = await go()
      if (!url.endsWith('/auth/session')) return response
      const { session } = await response.json()
      const claims = { ...session.claims, auth_time: Math.floor(Date.now() / 1000) - 3600 }
      return Response.json({ session: { ...session, claims, endsAtMs: null, endsInMs: null } })
    })
    await auth.restore()
    expect(auth.endsAtMs).toBe(Number.POSITIVE_INFINITY)
    await refusal(auth.fetch('/api/orders'), 'step_up_required')
  })

  it('can be told by a route of the app', async () => {
    const { auth, setWay, left } = await signedIn()
    const say = (body: object) => setWay(async () => Response.json(body, { status: 401 }))
    say({ code: 'step_up_required', requirements: { acrValues: 'urn:strong', maxAgeSeconds: 0, other: 1 } })
    const error = await refusal(auth.fetch('/orders'), 'step_up_required')
    expect(error.requirements).toEqual({ acrValues: 'urn:strong', maxAgeSeconds: 0 })
    void error.signIn?.()
    expect(left).toEqual([`${ORIGIN}/auth/sign-in?acr_values=urn%3Astrong&max_age=0`])
    say({ code: 'step_up_required', requirements: { acrValues: {}, maxAgeSeconds: '7' } })
    expect(await refusal(auth.fetch('/orders'), 'step_up_required')).toMatchObject({ requirements: {} })
    say({ code: 'step_up_required' })
    await refusal(auth.fetch('/orders'), 'step_up_required')
  })
})
