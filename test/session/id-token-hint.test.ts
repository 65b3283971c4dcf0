// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { pushed } from '../../src/index.js'
import { givenToFetch } from '../helpers/given-to-fetch.js'
import { refusal } from '../helpers/refusal.js'
import type { Faults } from '../helpers/server.js'
import { later, type SessionApp, useSessionApps } from '../helpers/session-app.js'
import { silently, travelBy } from '../helpers/sign-in-attempt.js'
import { tracesOf } from '../helpers/traces.js'

const { start } = useSessionApps()

/** An app whose user agents note where they were sent; `answer` replaces the server's callback. */
function startApp(faults: Faults = {}, answer?: (url: URL) => URL) {
  const sent: URL[] = []
  const travel = (name: string) =>
    travelBy((url) => {
      sent.push(url)
      return url.searchParams.get('prompt') === 'none' && answer ? answer(url) : app.server.visit(url)
    }, name)
  const config = { userAgent: travel('person'), silent: silently(travel('frame')) }
  const app: SessionApp = start(faults, config)
  const hints = () => sent.map(({ searchParams }) => searchParams.get('id_token_hint'))
  /** The ID tokens that the server issued, in their order. */
  const idTokens = () => app.server.issued.filter((one) => one.startsWith('eyJ'))
  return { ...app, ...config, sent, hints, idTokens }
}

const brief = { token: { refresh_token: undefined, expires_in: 300 } }
const long = { claims: { groups: Array.from({ length: 400 }, (_, n) => `group-${n}`) } }

describe('id_token_hint', () => {
  it('is sent with prompt=none, with the ID token of the session, and else not', async () => {
    const app = startApp()
    const { auth } = app.tab()
    await auth.signIn({ prompt: 'none' })
    await auth.signIn()
    await auth.signIn({ prompt: 'none' })
    await auth.signIn({ prompt: 'login' })
    expect(app.hints()).toEqual([null, null, app.idTokens()[1], null])
  })

  it('is sent by the user agent that asks for prompt=none itself', async () => {
    const app = startApp()
    const { auth } = app.tab()
    await auth.signIn()
    const { open, ...agent } = app.silent
    const asking = {
      ...agent,
      open: (attempt: Parameters<typeof open>[0]) =>
        open({ ...attempt, begin: (overrides) => attempt.begin({ ...overrides, prompt: 'none' }) }),
    }
    await auth.signIn({ userAgent: asking })
    expect(app.hints()).toEqual([null, app.idTokens()[0]])
  })

  it('is sent where a session is renewed silently', async () => {
    const app = startApp(brief)
    const { auth } = app.tab()
    await auth.signIn()
    later(300)
    await auth.getAccessToken()
    expect(app.hints()).toEqual([null, app.idTokens()[0]])
  })

  it('is not sent for a user who has signed out', async () => {
    const app = startApp()
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signOut({ atServer: false })
    await auth.signIn({ prompt: 'none' })
    expect(app.hints()).toEqual([null, null])
  })

  it('is that of the app where it has one, also for none', async () => {
    const app = startApp()
    const { auth } = app.tab()
    await auth.signIn()
    await auth.signIn({ prompt: 'none', additionalParameters: { id_token_hint: 'a.b.c' } })
    await auth.signIn({ prompt: 'none', additionalParameters: { id_token_hint: '' } })
    const { auth: other } = app.tab({ additionalParameters: { id_token_hint: 'of.the.app' } })
    await other.signIn({ prompt: 'none' })
    expect(app.hints().slice(1)).toEqual(['a.b.c', null, 'of.the.app'])
  })

  it('is left out of a URL that would be too long, with an event', async () => {
    const app = startApp(long)
    const { auth, events } = app.tab()
    await auth.signIn()
    await auth.signIn({ prompt: 'none' })
    expect(app.hints()).toEqual([null, null])
    expect(app.sent[1]?.href.length).toBeLessThanOrEqual(4000)
    expect(app.sent[1]?.searchParams.get('state')).toBeTruthy()
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'id_token_hint_omitted', bytes: app.idTokens()[0]?.length }),
    )
  })

  it('is in what is pushed, however long it is, and not in the URL', async () => {
    const endpoint = 'https://as.example/par'
    const app = startApp({ ...long, metadata: { pushed_authorization_request_endpoint: endpoint } })
    const pushes: URLSearchParams[] = []
    const par: typeof fetch = async (...given) => {
      const { url, init } = await givenToFetch(...given)
      if (url !== endpoint) return app.server.fetch(...given)
      pushes.push(new URLSearchParams(init.body as URLSearchParams))
      return Response.json({ request_uri: `urn:${pushes.length}`, expires_in: 60 }, { status: 201 })
    }
    const userAgent = travelBy(() => {
      const request = new URL('https://as.example/authorize')
      request.search = `${pushes.at(-1)}`
      return app.server.visit(request)
    })
    const { auth, types } = app.tab({ par: pushed(), fetch: par, userAgent })
    await auth.signIn()
    await auth.signIn({ prompt: 'none' })
    expect(pushes.map((body) => body.get('id_token_hint'))).toEqual([null, app.idTokens()[0]])
    expect(types()).not.toContain('id_token_hint_omitted')
  })

  describe('is in no error and no event where the server repeats it', () => {
    const refuse = (text: (hint: string) => string) => (url: URL) => {
      const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
      const error_description = text(url.searchParams.get('id_token_hint') ?? '')
      const state = url.searchParams.get('state') ?? ''
      callback.search = `${new URLSearchParams({ error: 'login_required', error_description, state, iss: 'https://as.example' })}`
      return callback
    }

    it.each<[string, (hint: string) => string]>([
      ['whole', (hint) => `bad hint ${hint.slice(40, 140)}`],
      ['in base64', (hint) => `bad hint ${btoa(hint.slice(40, 140))}`],
    ])('in the callback: %s', async (_, text) => {
      const app = startApp({}, refuse(text))
      const { auth, events } = app.tab()
      await auth.signIn()
      const error = await refusal(auth.signIn({ prompt: 'none' }), 'login_required')
      const [, hint = ''] = app.hints()
      expect(hint).toBe(app.idTokens()[0])
      expect(error.serverError?.description).toBe('(withheld)')
      expect(tracesOf(`${hint}`, [error, JSON.stringify(error), `${error}`, error.stack, events])).toEqual([])
    })

    it('in the answer to a push', async () => {
      const endpoint = 'https://as.example/par'
      const app = startApp({ metadata: { pushed_authorization_request_endpoint: endpoint } })
      const par: typeof fetch = async (...given) => {
        const { url, init } = await givenToFetch(...given)
        if (url !== endpoint) return app.server.fetch(...given)
        const hint = new URLSearchParams(init.body as URLSearchParams).get('id_token_hint')
        const body = { error: 'invalid_request', error_description: `bad hint ${hint?.slice(40, 140)}` }
        return Response.json(body, { status: 400 })
      }
      const { auth } = app.tab()
      await auth.signIn()
      const { auth: other, events } = app.tab({ par: pushed(), fetch: par })
      await other.restore()
      const error = await refusal(other.signIn({ prompt: 'none' }), 'authorization_failed')
      expect(error.serverError?.description).toBe('(withheld)')
      expect(tracesOf(`${app.idTokens()[0]}`, [error, JSON.stringify(error), error.stack, events])).toEqual([])
    })
  })
})
