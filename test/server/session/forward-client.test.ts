import { describe, expect, it, vi } from 'vitest'
import { stepUp } from '../../../src/server.js'
import { API } from '../../helpers/server.js'
import { createServerSessionApp, FROM_PAGE, ORIGIN } from '../../helpers/server-session-app.js'
import { useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'

const stores = useServerSessionStores()

useClocks()

const challenged = (status: number, challenge: string) => () =>
  new Response('its own text', { status, headers: { 'www-authenticate': `Bearer ${challenge}` } })
const STRONGER =
  'error="insufficient_user_authentication", acr_values="mfa", max_age="60", error_description="its own text"'

async function signedIn(config: Parameters<typeof createServerSessionApp>[1] = {}) {
  const app = createServerSessionApp(stores.memory, { stepUp, ...config })
  const browser = app.browser()
  await browser.signIn()
  later(100)
  const failures = () => app.events.filter(({ type }) => type === 'forward_failed')
  return { app, browser, failures }
}

describe('an API that wants another sign-in', () => {
  it('tells the page by its requirements, which the sign-in takes', async () => {
    const { app, browser, failures } = await signedIn()
    app.server.faults.api = challenged(401, STRONGER)
    const response = await browser.forward()
    const told = await response.json()
    expect([response.status, told]).toMatchObject([
      401,
      { code: 'step_up_required', requirements: { acrValues: 'mfa', maxAgeSeconds: 60 } },
    ])
    expect(JSON.stringify(told)).not.toMatch(/its own text|access-/)
    expect(failures()).toMatchObject([{ endpoint: API, code: 'step_up_required', status: 401 }])
    expect(app.types()).toContain('step_up_required')
    // It would not help.
    expect(app.refreshes()).toBe(0)
    const { acrValues, maxAgeSeconds } = told.requirements
    const query = new URLSearchParams({ acr_values: acrValues, max_age: `${maxAgeSeconds}`, returnTo: '/pay' })
    const callback = await browser.leave(`?${query}`)
    app.server.faults.claims = { acr: 'mfa' }
    expect((await browser.visit(callback.href)).headers.get('location')).toBe('/pay')
    app.server.faults.api = (_, good) => new Response(null, { status: good ? 200 : 401 })
    expect((await browser.forward()).status).toBe(200)
  })

  it('is passed on as it is without stepUp', async () => {
    const { app, browser } = await signedIn({ stepUp: undefined })
    app.server.faults.api = challenged(401, STRONGER)
    const response = await browser.forward()
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, `Bearer ${STRONGER}`])
  })

  it('and more scope: the page is told which', async () => {
    const { app, browser } = await signedIn()
    app.server.faults.api = challenged(403, 'error="insufficient_scope", scope="orders\u00e9"')
    const response = await browser.forward()
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'insufficient_scope' }])
    app.server.faults.api = challenged(403, 'error="insufficient_scope", scope="orders"')
    expect(await (await browser.forward()).json()).toMatchObject({ requirements: { scope: 'orders' } })
  })

  it.each([
    ['the token has what it wants', { acr: 'mfa' }, {}],
    ['the app refuses what it wants', {}, { acrValues: 'phr' }],
  ])('goes round no circle where %s', async (_, claims, config) => {
    const app = createServerSessionApp(stores.memory, { stepUp, ...config }, { claims: { acr: 'phr', ...claims } })
    const browser = app.browser()
    await browser.signIn()
    app.server.faults.api = challenged(401, 'error="insufficient_user_authentication", acr_values="mfa"')
    const response = await browser.forward()
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'step_up_failed' }])
  })

  it('and does not say so is passed on', async () => {
    const { app, browser } = await signedIn()
    app.server.faults.api = () => new Response('forbidden', { status: 403 })
    const response = await browser.forward()
    expect([response.status, await response.text()]).toEqual([403, 'forbidden'])
  })
})

describe('a session that ends while a request is forwarded', () => {
  const end = (code: string, answer: object) =>
    it.each(['memory', 'redis', 'cookie'] as const)(`is told as such at once: ${code}, in %s`, async (name) => {
      const app = createServerSessionApp(() => stores[name]())
      const browser = app.browser()
      await browser.signIn()
      later(7200)
      app.server.faults.respond = async () => Response.json(answer, { status: 'error' in answer ? 400 : 200 })
      const response = await browser.forward()
      expect([response.status, await response.json()]).toMatchObject([401, { code: 'login_required' }])
      expect(browser.visitor.cookies.size).toBe(0)
      expect(app.events).toContainEqual(expect.objectContaining({ type: 'refresh_failed', code }))
    })
  end('token_request_refused', { error: 'invalid_grant' })
  end('id_token_invalid', { access_token: 'a', token_type: 'Bearer', id_token: 'e30.e30.e30' })

  it('goes on where the server only fails', async () => {
    const { app, browser } = await signedIn()
    later(7200)
    app.server.faults.respond = async () => new Response(null, { status: 503 })
    expect(await (await browser.forward()).json()).toMatchObject({ code: 'token_response_invalid' })
    expect(await browser.session()).toBeDefined()
  })
})

describe('operators see by an event', () => {
  it.each([
    ['another site', '/api/x', { ...FROM_PAGE, 'sec-fetch-site': 'cross-site' }, 'forward_refused', 403],
    ['no header', '/api/x', { 'sec-fetch-site': 'same-origin' }, 'forward_refused', 403],
    ['a path that leaves the target', '/api/..%2fadmin', FROM_PAGE, 'forward_refused', 404],
  ] as const)('%s', async (_, path, headers, code, status) => {
    const { browser, failures } = await signedIn()
    expect((await browser.forward(path, headers as Record<string, string>)).status).toBe(status)
    expect(failures()).toMatchObject([{ endpoint: API, code, status }])
    expect(JSON.stringify(failures())).not.toContain('admin')
  })

  it('that nobody is signed in', async () => {
    const app = createServerSessionApp(stores.memory)
    await app.browser().forward()
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'forward_failed', code: 'login_required' }))
  })

  it('a response that breaks off', async () => {
    const { app, browser, failures } = await signedIn()
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new TypeError('terminated'))
      },
    })
    app.server.faults.api = () => new Response(broken)
    const response = await browser.forward()
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    await vi.waitFor(() => expect(failures()).toMatchObject([{ code: 'network_error', status: 200 }]))
  })

  it('nothing of a response that is passed on', async () => {
    const { browser, failures } = await signedIn()
    await (await browser.forward()).text()
    expect(failures()).toEqual([])
  })
})

describe('behind a proxy that removes a prefix', () => {
  const redirecting = () => new Response(null, { status: 303, headers: { location: `${API}/orders/7?a=b` } })
  const location = async (prefix: string | undefined, forwardedHeaders?: { hops: number }) => {
    const { app, browser } = await signedIn({ forwardedHeaders })
    app.server.faults.api = redirecting
    const response = await browser.forward('/api/orders', {
      ...FROM_PAGE,
      ...(prefix !== undefined && { 'x-forwarded-prefix': prefix }),
    } as Record<string, string>)
    expect(app.server.requests.at(-1)?.url).toBe(`${API}/orders`)
    return response.headers.get('location')
  }

  it.each([
    ['/app', '/app/api/orders/7?a=b'],
    ['/app/', '/app/api/orders/7?a=b'],
    ['/a/b', '/a/b/api/orders/7?a=b'],
    [undefined, '/api/orders/7?a=b'],
  ])('a Location has it: %s', async (prefix, expected) => {
    expect(await location(prefix, { hops: 1 })).toBe(expected)
  })

  it('unless no proxy is trusted', async () => {
    expect(await location('/app')).toBe('/api/orders/7?a=b')
  })

  it.each([
    '//evil.example',
    '/\\evil.example',
    '/%2f/evil',
    '/a//evil',
    'https://evil.example',
    '/.//evil.example',
    '/..',
  ])('and leads to no other host, whatever a browser sends in its name: %s', async (prefix) => {
    const found = await location(prefix, { hops: 1 })
    expect(new URL(found!, ORIGIN).href).toBe(`${ORIGIN}/api/orders/7?a=b`)
  })

  it('the path is matched as the app sees it: a header cannot change which one it is', async () => {
    const { app, browser, failures } = await signedIn({ forwardedHeaders: { hops: 1 } })
    const headers = { ...FROM_PAGE, 'x-forwarded-prefix': '/api/admin' }
    expect((await browser.forward('/users', headers)).status).toBe(404)
    expect(failures()).toHaveLength(1)
    expect(app.server.requests.filter(({ url }) => url.startsWith(API))).toEqual([])
  })
})
