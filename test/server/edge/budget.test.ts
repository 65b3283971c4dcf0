import '../../../examples/demo/quiet.js'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import {
  MAX_COOKIE_HEADER_BYTES,
  MAX_RESPONSE_HEAD_BYTES,
  MAX_RETURN_TO_BYTES,
  MAX_WAITING_COOKIES,
} from '../../../src/limits.js'
import { sendResponse, toRequest } from '../../../src/server/edge/node-http.js'
import { headBytes } from '../../../src/server/edge/response-head.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  isProofkeyError,
  type ProofkeyEvent,
  type ServerClient,
  sealedCookie,
} from '../../../src/server.js'
import { freePort, type Listening, listen, sendOverTls } from '../../helpers/loopback.js'
import { startNginx } from '../../helpers/nginx.js'
import { createPerson } from '../../helpers/person.js'
import { refusal } from '../../helpers/refusal.js'
import { type SelfSigned, selfSigned } from '../../helpers/self-signed.js'
import { createVisitor } from '../../helpers/visitor.js'

const client_secret = 's3cret'
const keys = [{ id: '2026-11', secret: Buffer.alloc(32, 1).toString('base64') }]

let tls: SelfSigned
let provider: RunningProvider
let origin: string
let app: Listening
let nginx: Awaited<ReturnType<typeof startNginx>>
let client: ServerClient
let hint = ''
const events: ProofkeyEvent[] = []

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/login') return client.signIn(request, { returnTo: searchParams.get('returnTo') ?? undefined })
  if (pathname === '/logout' || pathname === '/logout-unbounded') {
    const options = {
      idTokenHint: hint,
      postLogoutRedirectUri: `${origin}/`,
      returnTo: searchParams.get('returnTo') ?? '/',
    }
    const response = await client.signOut(request, options)
    if (pathname === '/logout') return response
    // As without a budget.
    const headers = new Headers(response.headers)
    headers.set('location', `${headers.get('location')}&id_token_hint=${hint}`)
    return new Response(null, { status: 303, headers })
  }
  if (pathname !== '/callback') return new Response('app')
  const { headers, claims, returnTo } = await client.handleCallback(request)
  return Response.json({ sub: claims?.sub, returnTo }, { headers })
}

beforeAll(async () => {
  tls = selfSigned()
  const port = await freePort()
  origin = `https://localhost:${port}`
  provider = await startProvider({
    ...browserClient('web', []),
    clients: [
      {
        client_id: 'web',
        client_secret,
        redirect_uris: [`${origin}/callback`],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    features: { rpInitiatedLogout: { enabled: true } },
  })
  app = await listen(async (incoming, outgoing) => {
    const refused = (error: unknown) => {
      if (!isProofkeyError(error)) return new Response(String(error), { status: 500 })
      return Response.json({ code: error.code }, { status: 400, headers: error.headers ?? {} })
    }
    await sendResponse(outgoing, await answer(toRequest(incoming)).catch(refused))
  })
  client = createServerClient({
    issuer: provider.issuer,
    clientId: 'web',
    redirectUri: `${origin}/callback`,
    scope: 'openid',
    clientAuth: clientSecretBasic(client_secret),
    vault: sealedCookie({ keys }),
    insecure: allowInsecureLoopback,
    forwardedHeaders: { hops: 1 },
  })
  client.subscribe((event) => events.push(event))
  // Its defaults: four lines of 8 kB, and 4 kB for a response's head.
  nginx = await startNginx({
    port,
    tls,
    server: `large_client_header_buffers 4 8k; proxy_buffer_size 4k; proxy_buffers 8 4k; proxy_busy_buffers_size 8k;
      location / {
        proxy_pass http://127.0.0.1:${app.port};
        proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
      }`,
  })
})
beforeEach(() => {
  events.length = 0
})
afterAll(async () => {
  await nginx?.stop()
  await Promise.all([app?.close(), provider?.close()])
  tls?.remove()
})

function createBrowser() {
  const visitor = createVisitor()
  return {
    visitor,
    cookieHeader: () => visitor.request(origin).headers.get('cookie') ?? '',
    async open(path: string, headers: Record<string, string> = {}) {
      const response = await sendOverTls(visitor.request(new URL(path, origin), { headers }), tls)
      visitor.receive(response.headers)
      return response
    },
  }
}

const CROSS_SITE = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const long = (bytes: number) => `/${'x'.repeat(bytes - 1)}`
const typesOf = () => events.map(({ type }) => type)

describe('behind nginx, the Cookie header', () => {
  it('stays within its line, whatever other sites make the browser start', async () => {
    const browser = createBrowser()
    browser.visitor.cookies.set('session', 's'.repeat(2300))
    for (let count = 0; count < 10; count++) {
      expect((await browser.open(`/login?returnTo=${long(700)}`, CROSS_SITE)).status).toBe(303)
      expect((await browser.open('/')).status).toBe(200)
    }
    expect(typesOf()).toContain('transaction_dropped')
    expect(browser.visitor.cookies.get('session')).toHaveLength(2300)
    // The person signs in all the same.
    const location = (await browser.open(`/login?returnTo=${long(700)}`)).headers.get('location') ?? ''
    const callback = await createPerson().travel(location, `${origin}/callback`)
    expect(await (await browser.open(callback)).json()).toEqual({ sub: 'ada', returnTo: long(700) })
  })

  it('would pass it, were only our own cookies counted', async () => {
    const pile = createBrowser()
    pile.visitor.cookies.set('session', 's'.repeat(2300))
    for (let count = 0; count < 3; count++) {
      const other = createBrowser()
      await other.open(`/login?returnTo=${long(700)}`)
      for (const [name, value] of other.visitor.cookies) pile.visitor.cookies.set(name, value)
    }
    const header = pile.cookieHeader()
    expect(header.length - 2300).toBeLessThan(6800)
    const response = await pile.open('/')
    expect([response.status, header.length > MAX_COOKIE_HEADER_BYTES]).toEqual([400, true])
  })
})

describe('behind nginx, the head of a response', () => {
  it.each([
    ['goes along', 2000, true],
    ['is left out, and it is told', 3600, false],
    ['is left out, and it is told', 18_000, false],
  ])('passes: an ID token hint %s (%i bytes)', async (_, bytes, sent) => {
    hint = 'h'.repeat(bytes)
    const browser = createBrowser()
    const response = await browser.open('/logout')
    expect(response.status).toBe(303)
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.origin).toBe(provider.issuer)
    expect(location.searchParams.get('id_token_hint')).toBe(sent ? hint : null)
    expect(location.searchParams.get('client_id')).toBe('web')
    expect(browser.visitor.cookies.size).toBe(1)
    const omitted = { type: 'id_token_hint_omitted', bytes }
    if (sent) expect(typesOf()).not.toContain(omitted.type)
    else expect(events).toContainEqual(expect.objectContaining(omitted))
  })

  it('passes with a logout hint that is too long, which is left out, and it is told', async () => {
    const request = new Request(`${origin}/logout`, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
    const response = await client.signOut(request, { idTokenHint: 'a.b.c', logoutHint: 'l'.repeat(5000) })
    expect(headBytes(response.headers)).toBeLessThanOrEqual(MAX_RESPONSE_HEAD_BYTES)
    expect(typesOf()).toEqual(expect.arrayContaining(['id_token_hint_omitted', 'logout_hint_omitted']))
  })

  it('would not, and the cookies would be lost, were the hint always sent', async () => {
    hint = 'h'.repeat(3600)
    const response = await createBrowser().open('/logout-unbounded')
    expect(response.status).toBe(502)
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it('passes with the longest returnTo, and drops a longer one', async () => {
    for (const path of ['login', 'logout']) {
      hint = ''
      for (const [bytes, refused] of [
        [MAX_RETURN_TO_BYTES, false],
        [MAX_RETURN_TO_BYTES + 1, true],
        [6000, true],
      ] as const) {
        events.length = 0
        const response = await createBrowser().open(`/${path}?returnTo=${long(bytes)}`)
        expect([response.status, response.headers.getSetCookie().length]).toEqual([303, 1])
        expect(typesOf().includes('return_to_refused')).toBe(refused)
      }
    }
  })
})

describe('the head of a response', () => {
  const start = (cookie: string, options?: Parameters<ServerClient['signIn']>[1]) =>
    client.signIn(new Request(`${origin}/login`, { headers: { cookie } }), options)

  it('is bounded whatever the app’s cookies, returnTo and appState are', async () => {
    const size = fc.integer({ min: 0, max: 3000 })
    await fc.assert(
      fc.asyncProperty(size, size, size, async (own, returnTo, appState) => {
        let cookie = `session=${'s'.repeat(own)}`
        const visitor = createVisitor()
        for (let count = 0; count < 3; count++) {
          const options = { returnTo: long(returnTo + 1), appState: 'a'.repeat(appState) }
          const response = await start(cookie, options).catch((error) => {
            if (!isProofkeyError(error) || error.code !== 'storage_full') throw error
          })
          if (!response) return
          expect(headBytes(response.headers)).toBeLessThanOrEqual(MAX_RESPONSE_HEAD_BYTES)
          visitor.receive(response.headers)
          cookie = [`session=${'s'.repeat(own)}`, ...[...visitor.cookies].map((pair) => pair.join('='))].join('; ')
          expect(cookie.length).toBeLessThanOrEqual(MAX_COOKIE_HEADER_BYTES)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('that would be larger starts nothing, and says what to do', async () => {
    const claims = { id_token: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`claim_number_${n}`, null])) }
    const error = await refusal(start('', { claims }), 'storage_full')
    expect(error.message).toContain(`${MAX_RESPONSE_HEAD_BYTES}`)
    expect(error.hint).toContain('redisVault')
    expect(events.at(-1)).toMatchObject({ type: 'sign_in_failed', code: 'storage_full' })
  })

  it('that is too large for what it deletes besides is not too large the next time', async () => {
    const options = (count: number) => ({
      claims: {
        id_token: Object.fromEntries(
          Array(count)
            .fill(0)
            .map((_, n) => [`c${n}`, null]),
        ),
      },
    })
    // The largest that starts while nothing waits.
    let count = 0
    while (await start('', options(count + 1)).catch(() => undefined)) count++
    const visitor = createVisitor()
    const cookie = () => [...visitor.cookies].map((pair) => pair.join('=')).join('; ')
    for (let waiting = 0; waiting < MAX_WAITING_COOKIES; waiting++) visitor.receive((await start(cookie())).headers)
    const error = await refusal(start(cookie(), options(count)), 'storage_full')
    visitor.receive(error.headers ?? new Headers())
    expect((await start(cookie(), options(count))).status).toBe(303)
  })

  it('leaves no room for a sign-in where the app’s own cookies take it all', async () => {
    const error = await refusal(start(`session=${'s'.repeat(7000)}`), 'storage_full')
    expect(error.hint).toContain('Store less in the cookies of this origin')
  })
})
