import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  loadUserInfo,
  memoryVault,
  type ServerSessionClient,
  stepUp,
} from '../../../src/server.js'
import { type Listening, listen } from '../../helpers/loopback.js'
import { createPerson } from '../../helpers/person.js'
import { refusal } from '../../helpers/refusal.js'
import { COOKIE, FROM_PAGE } from '../../helpers/server-session-app.js'
import { useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'
import { createVisitor } from '../../helpers/visitor.js'

const secret = 'a secret of thirty-two bytes or more'
const APP = 'https://app.example'
const CALLBACK = `${APP}/auth/callback`
const stores = useServerSessionStores()
let apis: Listening[]
let running: RunningProvider
/** The challenge of an API to a token, as the provider knows it. */
let challenge: (token: { readonly scope?: string | undefined; readonly jti: string }) => string | undefined

const originOf = (at: number) => `http://127.0.0.1:${apis[at]!.port}`

useClocks()

beforeAll(async () => {
  // Two resource servers; each takes tokens that the provider has issued for it.
  apis = await Promise.all(
    [0, 1].map((at) =>
      listen(async (incoming, outgoing) => {
        const [, sent = ''] = /^Bearer (.+)/.exec(incoming.headers.authorization ?? '') ?? []
        const token = await running.provider.AccessToken.find(sent)
        const error = token?.aud === `${originOf(at)}/` ? challenge(token as never) : 'error="invalid_token"'
        if (error) {
          const status = error.includes('insufficient_scope') ? 403 : 401
          outgoing.writeHead(status, { 'www-authenticate': `Bearer ${error}` }).end()
        } else outgoing.end(`${token?.accountId}: ${token?.scope}`)
      }),
    ),
  )
  running = await startProvider({
    ...browserClient('unused', []),
    clients: [
      {
        client_id: 'web',
        client_secret: secret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [CALLBACK],
      },
    ],
    scopes: ['openid', 'offline_access', 'read', 'write'],
    acrValues: ['pwd', 'mfa'],
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    interactions: { url: (_, { uid }) => `/own/${uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({ scope: 'read write', audience: resource }),
      },
    },
  })
  // A login page that signs in as strongly as it is asked to, and consents.
  const { provider } = running
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/own/')) return next()
    const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res)
    const acr = `${params['acr_values'] ?? ''}`.includes('mfa') ? 'mfa' : 'pwd'
    if (prompt.name === 'login') {
      await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'ada', acr, amr: [acr] } })
    } else {
      const grant =
        (grantId && (await provider.Grant.find(grantId))) ||
        new provider.Grant({ accountId: session?.accountId ?? '', clientId: 'web' })
      const { missingOIDCScope, missingResourceScopes } = prompt.details as {
        missingOIDCScope?: string[]
        missingResourceScopes?: Record<string, string[]>
      }
      grant.addOIDCScope((missingOIDCScope ?? []).join(' '))
      for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {}))
        grant.addResourceScope(resource, scopes.join(' '))
      const saved = await grant.save()
      await provider.interactionFinished(
        ctx.req,
        ctx.res,
        { consent: { grantId: saved } },
        { mergeWithLastSubmission: true },
      )
    }
    ctx.respond = false
  })
})
afterAll(async () => {
  await running.close()
  await Promise.all(apis.map((api) => api.close()))
})
beforeEach(() => {
  challenge = () => undefined
})

describe.each(['memory', 'redis', 'cookie'] as const)('with oidc-provider, the session in %s', (name) => {
  function start() {
    const auth: ServerSessionClient = createServerSessionClient({
      issuer: running.issuer,
      clientId: 'web',
      redirectUri: CALLBACK,
      scope: 'openid profile',
      clientAuth: clientSecretBasic(secret),
      vault: memoryVault({ maxRecords: 100 }),
      sessionStore: stores[name](),
      apis: {
        [originOf(0)]: { resource: `${originOf(0)}/`, scope: 'read' },
        [originOf(1)]: { resource: `${originOf(1)}/`, scope: 'write' },
      },
      stepUp,
      userInfo: loadUserInfo,
      insecure: allowInsecureLoopback,
    })
    const person = createPerson()
    const visitor = createVisitor()
    const request = (path: string, init?: RequestInit) => visitor.request(new URL(path, APP), init)
    async function follow(started: Response): Promise<URLSearchParams> {
      visitor.receive(started.headers)
      const location = started.headers.get('location') ?? ''
      const response = (await auth.handle(request(await person.travel(location, CALLBACK))))!
      expect(response.status, await response.clone().text()).toBe(303)
      visitor.receive(response.headers)
      return new URL(location).searchParams
    }
    return {
      auth,
      visitor,
      follow,
      signIn: async (query = '') => follow((await auth.handle(request(`/auth/sign-in${query}`)))!),
      async session() {
        const { session, headers } = await auth.session(request('/'))
        visitor.receive(headers)
        return session
      },
      async fetch(at: number) {
        const { response, headers } = await auth.fetch(request('/'), `${originOf(at)}/x`)
        visitor.receive(headers)
        return response
      },
      async forward(at: number) {
        const response = await auth.forward(request('/api/x', { headers: FROM_PAGE }), {
          to: originOf(at),
          path: '/api/*',
        })
        visitor.receive(response.headers)
        return response
      },
    }
  }

  it('has a token of its own for each API, with its scope and no other, and the claims of userinfo', async () => {
    const browser = start()
    await browser.signIn()
    expect(await browser.session()).toMatchObject({ claims: { sub: 'ada', name: 'ada' } })
    for (let times = 0; times < 2; times++) {
      expect(await (await browser.fetch(0)).text()).toBe('ada: read')
      expect(await (await browser.forward(1)).text()).toBe('ada: write')
    }
  })

  it('gets the scope that an API misses, by consent, and keeps it over a step-up', async () => {
    const browser = start()
    await browser.signIn()
    challenge = ({ scope = '' }) => (/email/.test(scope) ? undefined : 'error="insufficient_scope", scope="email"')
    const error = await refusal(browser.fetch(0), 'insufficient_scope')
    const asked = await browser.follow((await error.signIn?.()) as Response)
    expect(asked.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['openid', 'profile', 'read', 'write', 'email']),
    )
    expect((await browser.session())?.scope.split(' ')).toContain('email')
    later(100)
    const again = await browser.signIn('?max_age=10')
    expect(again.get('scope')?.split(' ')).toContain('email')
    expect((await browser.session())?.scope.split(' ')).toContain('email')
  })

  it.each(['fetch', 'forward'] as const)('steps up as an API demands by %s, under a new secret', async (how) => {
    const browser = start()
    await browser.signIn()
    const weak = new Set<string>()
    challenge = ({ jti }) => {
      weak.add(jti)
      return 'error="insufficient_user_authentication", acr_values="mfa", max_age=10'
    }
    later(100)
    const before = browser.visitor.cookies.get(COOKIE)
    let asked: URLSearchParams
    if (how === 'fetch') {
      const error = await refusal(browser.fetch(0), 'step_up_required')
      asked = await browser.follow((await error.signIn?.()) as Response)
    } else {
      const { code, requirements } = await (await browser.forward(0)).json()
      expect(code).toBe('step_up_required')
      asked = await browser.signIn(`?acr_values=${requirements.acrValues}&max_age=${requirements.maxAgeSeconds}`)
    }
    expect([asked.get('acr_values'), asked.get('max_age')]).toEqual(['mfa', '10'])
    expect(browser.visitor.cookies.get(COOKIE)).not.toBe(before)
    expect(await browser.session()).toMatchObject({ claims: { acr: 'mfa', auth_time: expect.any(Number) } })
    challenge = ({ jti }) => (weak.has(jti) ? 'error="insufficient_user_authentication", acr_values="mfa"' : undefined)
    expect(await (await browser[how](0)).text()).toBe('ada: read')
    // It would not end: what the API demands, the session has.
    challenge = () => 'error="insufficient_user_authentication", acr_values="mfa"'
    await refusal(browser.fetch(0), 'step_up_failed')
  })
})
