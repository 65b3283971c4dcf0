import { describe, expect, it, vi } from 'vitest'
import { loadUserInfo, stepUp } from '../../../src/server.js'
import { givenToFetch } from '../../helpers/given-to-fetch.js'
import { refusal } from '../../helpers/refusal.js'
import { API } from '../../helpers/server.js'
import { COOKIE, createServerSessionApp } from '../../helpers/server-session-app.js'
import { useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'

const stores = useServerSessionStores()

useClocks()

type App = ReturnType<typeof createServerSessionApp>
const reasons = ({ events }: App) => events.flatMap((event) => (event.type === 'session_ended' ? [event.reason] : []))
const demand = (challenge: string, status = 401) =>
  new Response(null, { status, headers: { 'www-authenticate': `Bearer ${challenge}` } })

describe.each(['memory', 'redis', 'cookie'] as const)(
  'what a session of the browser does, one on a server does too, in %s',
  (name) => {
    const create = (
      ...[config, faults]: [
        config?: Parameters<typeof createServerSessionApp>[1],
        faults?: Parameters<typeof createServerSessionApp>[2],
      ]
    ) => createServerSessionApp(() => stores[name](), config, faults)

    describe('a step-up', () => {
      /** The query of the authorization request that a response redirects to, and the callback of it. */
      async function follow(app: App, started: Response, browser: ReturnType<App['browser']>) {
        browser.visitor.receive(started.headers)
        const url = new URL(started.headers.get('location') ?? '')
        await browser.visit((await app.server.visit(url)).href)
        return url.searchParams
      }

      it('renews the secret, keeps the scope that was granted before, and is followed by no second one', async () => {
        const app = create({ stepUp }, { claims: { acr: 'low' } })
        const browser = app.browser()
        await browser.signIn()
        app.server.faults.api = () => demand('error="insufficient_scope", scope="orders"', 403)
        const more = await refusal(browser.fetch(), 'insufficient_scope')
        let asked = await follow(app, (await more.signIn?.()) as Response, browser)
        expect(asked.get('scope')?.split(' ').sort()).toEqual(['openid', 'orders'])
        expect((await browser.session())?.scope).toBe('openid orders')
        app.server.faults.api = () => demand('error="insufficient_user_authentication", acr_values="high"')
        const before = browser.copy()
        const stronger = await refusal(browser.fetch(), 'step_up_required')
        app.server.faults.claims = { acr: 'high' }
        asked = await follow(app, (await stronger.signIn?.({ returnTo: '/pay' })) as Response, browser)
        expect([asked.get('acr_values'), asked.get('scope')?.split(' ').sort()]).toEqual(['high', ['openid', 'orders']])
        expect(await browser.session()).toMatchObject({ scope: 'openid orders', claims: { acr: 'high' } })
        expect(browser.visitor.cookies.get(COOKIE)).not.toBe(before.visitor.cookies.get(COOKIE))
        expect(await before.session()).toBeUndefined()
        for (let times = 0; times < 2; times++) await refusal(browser.fetch(), 'step_up_failed')
      })

      it('by a link of a page keeps the scope too', async () => {
        const app = create({ stepUp })
        const browser = app.browser()
        await browser.signIn()
        browser.visitor.receive((await app.auth.signIn(browser.request('/more'), { scope: 'orders' })).headers)
        await follow(app, await app.auth.signIn(browser.request('/more'), { scope: 'orders' }), browser)
        expect((await browser.session())?.scope).toBe('openid orders')
        const scopeOf = async (query: string) =>
          new URL((await browser.visit(`/auth/sign-in${query}`)).headers.get('location') ?? '').searchParams.get(
            'scope',
          )
        expect((await scopeOf('?acr_values=high'))?.split(' ').sort()).toEqual(['openid', 'orders'])
        expect((await scopeOf('?max_age=60'))?.split(' ').sort()).toEqual(['openid', 'orders'])
        // Another sign-in asks for what the app needs.
        expect(await scopeOf('')).toBe('openid')
      })

      it.each([
        ['a weaker one, a longer time', 'acr_values="mfa low", max_age=3600', 'mfa', '300'],
        ['a stronger one, a shorter time', 'acr_values="phr", max_age=60', 'phr', '60'],
      ])('is joined to what the app demands: %s', async (_, challenge, acr, maxAge) => {
        const app = create({ stepUp, acrValues: 'mfa phr', maxAgeSeconds: 300 }, { claims: { acr: 'mfa' } })
        const browser = app.browser()
        await browser.signIn()
        later(4000)
        app.server.faults.api = () => demand(`error="insufficient_user_authentication", ${challenge}`)
        const error = await refusal(browser.fetch(), 'step_up_required')
        const started = (await error.signIn?.()) as Response
        const asked = new URL(started.headers.get('location') ?? '').searchParams
        expect([asked.get('acr_values'), asked.get('max_age')]).toEqual([acr, maxAge])
      })

      it('that the app itself would refuse is not asked for', async () => {
        const app = create({ stepUp, acrValues: 'mfa' }, { claims: { acr: 'mfa' } })
        const browser = app.browser()
        await browser.signIn()
        app.server.faults.api = () => demand('error="insufficient_user_authentication", acr_values="pwd"')
        const error = await refusal(browser.fetch(), 'step_up_failed')
        expect(error.signIn).toBeUndefined()
      })

      it('whose answer is weaker than asked for changes nothing', async () => {
        const app = create({ stepUp }, { claims: { acr: 'low' } })
        const browser = app.browser()
        await browser.signIn()
        const callback = await browser.leave('?acr_values=high')
        const response = await browser.visit(callback.href)
        expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('acr_not_met')])
        expect(await browser.session()).toMatchObject({ claims: { acr: 'low' } })
      })
    })

    describe('the limits', () => {
      it('session_expiry of the ID token ends it, and revokes', async () => {
        const app = create({}, { claims: { session_expiry: Math.floor(Date.now() / 1000) + 1000 } })
        const browser = app.browser()
        await browser.signIn()
        later(900)
        expect(await browser.session()).toBeDefined()
        later(200)
        expect(await browser.session()).toBeUndefined()
        expect(reasons(app)).toEqual(['expired'])
        await vi.waitFor(() => expect(app.revoked().length).toBeGreaterThan(0))
      })

      it('without a refresh token it ends with its access token, but not where the app calls no API', async () => {
        for (const [apis, lasts] of [
          [{ [API]: {} }, false],
          [{}, true],
        ] as const) {
          const app = create({ apis }, { token: { refresh_token: undefined, expires_in: 600 } })
          const browser = app.browser()
          await browser.signIn()
          later(700)
          expect(!!(await browser.session())).toBe(lasts)
          expect(app.types().includes('refresh_token_missing')).toBe(!lasts)
        }
      })

      it('a sign-in over a session counts as use, and starts the absolute limit anew', async () => {
        const app = create({ absoluteSeconds: 1000, idleSeconds: 600 })
        const browser = app.browser()
        await browser.signIn()
        later(500)
        await browser.signIn('?max_age=60')
        later(500)
        expect(await browser.session()).toBeDefined()
        later(499)
        expect(await browser.session()).toBeDefined()
        later(400)
        expect(await browser.session()).toBeUndefined()
      })
    })

    describe('a refresh', () => {
      it('that answers for somebody else ends the session', async () => {
        const app = create()
        const browser = app.browser()
        await browser.signIn()
        later(3600)
        app.server.faults.claims = { sub: 'mallory' }
        await refusal(browser.fetch(), 'id_token_invalid')
        expect(await browser.session()).toBeUndefined()
        expect(reasons(app)).toEqual(['answer_refused'])
      })

      it('that gets no answer leaves the session, and what is still good is given', async () => {
        const app = create()
        const browser = app.browser()
        await browser.signIn()
        app.server.faults.respond = () => Promise.reject(new TypeError('fetch failed'))
        later(3590)
        expect((await browser.fetch()).status).toBe(200)
        later(3600)
        expect(await refusal(browser.fetch(), 'network_error')).toMatchObject({ retryable: true })
        delete app.server.faults.respond
        expect((await browser.fetch()).status).toBe(200)
      })

      it('says nothing new of how and when the user signed in', async () => {
        const app = create()
        const browser = app.browser()
        await browser.signIn()
        const { auth_time } = (await browser.session())?.claims ?? {}
        later(3600)
        app.server.faults.claims = { amr: ['hwk'], name: 'Ada' }
        await browser.fetch()
        expect(await browser.session()).toMatchObject({ claims: { auth_time, name: 'Ada' } })
        expect((await browser.session())?.claims).not.toHaveProperty('amr')
      })

      it('can be asked for; a token that nobody can get says interaction_required', async () => {
        const app = create()
        const browser = app.browser()
        await browser.signIn()
        const token = async (options = {}) => {
          const got = await app.auth.getAccessToken(browser.request('/'), options)
          browser.visitor.receive(got.headers)
          return got.accessToken
        }
        const first = await token()
        expect(await token()).toBe(first)
        expect(await token({ fresh: true })).not.toBe(first)
        const other = create({}, { token: { refresh_token: undefined } })
        const visitor = other.browser()
        await visitor.signIn()
        await refusal(
          other.auth.getAccessToken(visitor.request('/'), { resource: 'https://two.example' }),
          'interaction_required',
        )
      })

      it('gets a token of its own for each API that needs one, once', async () => {
        const TWO = 'https://two.example'
        const app = create({ apis: { [API]: {}, [TWO]: { resource: TWO, scope: 'read' } } })
        const browser = app.browser()
        await browser.signIn()
        const sent: [string, string][] = []
        const { fetch } = app.server
        const auth = app.open({
          async fetch(...given: Parameters<typeof globalThis.fetch>) {
            const { url, init } = await givenToFetch(...given)
            if (url.startsWith(API) || url.startsWith(TWO))
              sent.push([url, new Headers(init.headers).get('authorization') ?? ''])
            return url.startsWith(TWO) ? new Response() : fetch(url, init)
          },
        })
        const here = browser.at(auth)
        for (let times = 0; times < 2; times++) for (const url of [`${API}/a`, `${TWO}/b`]) await here.fetch(url)
        const tokens = new Set(sent.map(([url, token]) => `${new URL(url).origin} ${token}`))
        expect(tokens.size).toBe(2)
        expect(new Set(sent.map(([, token]) => token)).size).toBe(2)
        const asked = app.server.requests
          .map(({ body }) => body)
          .filter((body) => body.get('grant_type') === 'refresh_token')
        expect(asked.map((body) => [body.get('resource'), body.get('scope')])).toEqual([[TWO, 'read']])
        await here.signOut()
        for (const [, token] of sent) expect(app.server.isActive(token.replace('Bearer ', ''))).toBe(false)
      })
    })

    describe('userInfo', () => {
      it('adds claims before the sign-in is complete; those of the ID token win; a refresh keeps them', async () => {
        const app = create({ userInfo: loadUserInfo }, { claims: { sub: 'ada', email: 'ada@example.com' } })
        const browser = app.browser()
        await browser.signIn()
        const expected = { claims: { sub: 'ada', name: 'Ada', email: 'ada@example.com' } }
        expect(await browser.session()).toMatchObject(expected)
        expect(await browser.at(app.open()).session()).toMatchObject(expected)
        later(3600)
        await browser.fetch()
        expect(await browser.session()).toMatchObject(expected)
        expect(app.server.requests.filter(({ url }) => url === app.server.metadata.userinfo_endpoint)).toHaveLength(1)
        expect(app.types()).toEqual(expect.arrayContaining(['user_info_requested', 'user_info_received']))
      })

      it.each([
        ['speaks of another user', () => Response.json({ sub: 'bob', name: 'Bob' })],
        ['is an error', () => new Response('Oh no', { status: 500 })],
        ['does not come', () => Promise.reject(new TypeError('fetch failed'))],
      ])('leaves the session as it is where the response %s', async (_, answer) => {
        const app = create()
        const { fetch, metadata } = app.server
        const auth = app.open({
          userInfo: loadUserInfo,
          fetch: async (...given: Parameters<typeof globalThis.fetch>) => {
            const { url, init } = await givenToFetch(...given)
            return url === metadata.userinfo_endpoint ? answer() : fetch(url, init)
          },
        })
        const browser = app.browser(auth)
        await browser.signIn()
        expect((await browser.session())?.claims).toMatchObject({ sub: 'ada' })
        expect((await browser.session())?.claims).not.toHaveProperty('name')
        expect(app.types()).toContain('user_info_failed')
      })
    })
  },
)
