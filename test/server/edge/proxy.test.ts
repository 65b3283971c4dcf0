import '../../../examples/demo/quiet.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerClient,
  type ForwardedHeaders,
  sealedCookie,
} from '../../../src/server.js'
import { documentText } from '../../helpers/documents.js'
import { freePort, sendOverTls } from '../../helpers/loopback.js'
import { startNginx } from '../../helpers/nginx.js'
import { createPerson } from '../../helpers/person.js'
import { type SelfSigned, selfSigned } from '../../helpers/self-signed.js'
import { createVisitor } from '../../helpers/visitor.js'
import { startWebApp, type WebApp } from '../../helpers/web-app.js'

const client_secret = 's3cret'
const keys = [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64') }]

let tls: SelfSigned
let provider: RunningProvider
let origin: string
/** The same app twice: behind a proxy that ends TLS, and with TLS of its own. */
let app: WebApp
let tlsApp: WebApp
let port: number
let innerPort: number
let nginx: Awaited<ReturnType<typeof startNginx>> | undefined

beforeAll(async () => {
  tls = selfSigned()
  port = await freePort()
  innerPort = await freePort()
  origin = `https://localhost:${port}`
  provider = await startProvider({
    ...browserClient('web', []),
    clients: [
      {
        client_id: 'web',
        client_secret,
        redirect_uris: ['/callback', '/app/callback', '/callback?tenant=a'].map((path) => origin + path),
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
  })
  app = await startWebApp()
  tlsApp = await startWebApp(tls)
})

afterEach(async () => {
  await nginx?.stop()
  nginx = undefined
})

afterAll(async () => {
  await Promise.all([app.close(), tlsApp.close(), provider.close()])
  tls.remove()
})

/** What stands in nginx's `server` block, and what the app is told about it. */
interface Setup {
  readonly proxy: string
  /** Of a second nginx behind the first, `$inner` in the settings of the first. */
  readonly inner?: string
  readonly trust?: ForwardedHeaders
}

/** Puts nginx in front of the app, instead of the one that is there. `$app` and `$tlsApp` in its settings are theirs. */
async function deploy({ proxy, inner, trust }: Setup, redirectUri: string) {
  await nginx?.stop()
  const settings = (text: string) =>
    text
      .replaceAll('$app', `http://127.0.0.1:${app.port}`)
      .replaceAll('$tlsApp', `https://127.0.0.1:${tlsApp.port}`)
      .replaceAll('$inner', `http://127.0.0.1:${innerPort}`)
  const second = inner === undefined ? undefined : { port: innerPort, server: settings(inner) }
  nginx = await startNginx({ port, tls, server: settings(proxy), inner: second })
  const client = createServerClient({
    issuer: provider.issuer,
    clientId: 'web',
    redirectUri,
    scope: 'openid',
    clientAuth: clientSecretBasic(client_secret),
    vault: sealedCookie({ keys }),
    insecure: allowInsecureLoopback,
    forwardedHeaders: trust,
  })
  for (const each of [app, tlsApp]) each.use(client)
}

/** A browser at the app's public address. */
function createBrowser(extra: Record<string, string> = {}) {
  const visitor = createVisitor()
  const person = createPerson()
  async function open(url: string) {
    const response = await sendOverTls(visitor.request(url, { headers: extra }), tls)
    visitor.receive(response.headers)
    return response
  }
  return {
    visitor,
    open,
    /** @returns where the app's login page sends the person */
    async login(redirectUri: string) {
      const response = await open(new URL('login', redirectUri).href)
      expect(response.status).toBe(303)
      return new URL(response.headers.get('location') ?? '')
    },
    /** Signs in at the provider. @returns the callback URL */
    async leave(redirectUri: string) {
      return person.travel(await this.login(redirectUri), redirectUri)
    },
  }
}

const HOST = 'proxy_set_header Host $http_host;'
const PROTO = 'proxy_set_header X-Forwarded-Proto $scheme;'

/** The settings that the guide shows. */
const GUIDE = (
  /^```nginx\nserver \{\n(.*?)^\}\n```$/ms.exec(documentText('docs/deploy/proxies.md'))?.[1] ?? ''
).replace('http://app;', '$app;')

interface Case {
  readonly what: string
  readonly redirectPath?: string
  readonly wrong: Setup
  readonly part: string
  /** In the hint. */
  readonly named: string
  readonly right: Setup
}

/** As `$proxy_add_x_forwarded_for` does for addresses. */
const ADD_PROTO = 'proxy_set_header X-Forwarded-Proto "$http_x_forwarded_proto, $scheme";'
const TWO = `location / { proxy_pass $inner; ${HOST} ${PROTO} }`

const CASES: Case[] = [
  {
    what: 'stands behind another, and adds what it saw itself',
    wrong: { proxy: TWO, inner: `location / { proxy_pass $app; ${HOST} ${ADD_PROTO} }`, trust: { hops: 1 } },
    part: 'protocol',
    named: 'x-forwarded-proto: https, http',
    right: { proxy: TWO, inner: `location / { proxy_pass $app; ${HOST} ${ADD_PROTO} }`, trust: { hops: 2 } },
  },
  {
    what: 'stands behind another, and replaces what that one sent',
    wrong: { proxy: TWO, inner: `location / { proxy_pass $app; ${HOST} ${PROTO} }`, trust: { hops: 2 } },
    part: 'protocol',
    named: 'has to append to the header or forward it',
    right: { proxy: TWO, inner: `location / { proxy_pass $app; ${HOST} }`, trust: { hops: 2 } },
  },
  {
    what: 'stands behind another, both writing Forwarded, to an app that trusts one',
    wrong: {
      proxy: `location / { proxy_pass $inner; ${HOST} proxy_set_header Forwarded "for=_a;proto=$scheme;host=\\"$http_host\\""; }`,
      inner: `location / { proxy_pass $app; proxy_set_header Forwarded "$http_forwarded, for=_b;proto=$scheme"; }`,
      trust: { hops: 1, header: 'forwarded' },
    },
    part: 'protocol',
    named: 'forwarded: for=_a;proto=https;host=',
    right: {
      proxy: `location / { proxy_pass $inner; ${HOST} proxy_set_header Forwarded "for=_a;proto=$scheme;host=\\"$http_host\\""; }`,
      inner: `location / { proxy_pass $app; proxy_set_header Forwarded "$http_forwarded, for=_b;proto=$scheme"; }`,
      trust: { hops: 2, header: 'forwarded' },
    },
  },
  {
    what: 'drops the port from Host, which it may name',
    wrong: { proxy: 'location / { proxy_pass $tlsApp; proxy_set_header Host $host; }' },
    part: 'port',
    named: 'X-Forwarded-Port',
    right: {
      proxy:
        'location / { proxy_pass $tlsApp; proxy_set_header Host $host; proxy_set_header X-Forwarded-Port $server_port; }',
      trust: { hops: 1 },
    },
  },
  {
    what: 'ends TLS',
    wrong: { proxy: `location / { proxy_pass $app; ${HOST} }` },
    part: 'protocol',
    named: PROTO,
    right: { proxy: GUIDE, trust: { hops: 1, header: 'x-forwarded' } },
  },
  {
    what: 'ends TLS and says so to an app that does not trust it',
    wrong: { proxy: `location / { proxy_pass $app; ${HOST} ${PROTO} }` },
    part: 'protocol',
    named: 'forwardedHeaders: { hops: n }',
    right: { proxy: `location / { proxy_pass $app; ${HOST} ${PROTO} }`, trust: { hops: 1 } },
  },
  {
    what: 'writes its own idea of Host',
    wrong: { proxy: `location / { proxy_pass $tlsApp; }` },
    part: 'hostname',
    named: 'X-Forwarded-Host',
    right: {
      proxy: `location / { proxy_pass $tlsApp; proxy_set_header X-Forwarded-Host $http_host; }`,
      trust: { hops: 1 },
    },
  },
  {
    what: 'drops the port from Host',
    wrong: { proxy: `location / { proxy_pass $tlsApp; proxy_set_header Host $host; }` },
    part: 'port',
    named: HOST,
    right: { proxy: `location / { proxy_pass $tlsApp; ${HOST} }` },
  },
  {
    what: 'strips a prefix of the path, which it may keep',
    redirectPath: '/app/callback',
    wrong: { proxy: `location /app/ { proxy_pass $tlsApp/; ${HOST} }` },
    part: 'pathname',
    named: 'proxy_pass without a path',
    right: { proxy: `location /app/ { proxy_pass $tlsApp; ${HOST} }` },
  },
  {
    what: 'strips a prefix of the path, which it may name',
    redirectPath: '/app/callback',
    wrong: { proxy: `location /app/ { proxy_pass $tlsApp/; ${HOST} }` },
    part: 'pathname',
    named: 'X-Forwarded-Prefix',
    right: {
      proxy: `location /app/ { proxy_pass $tlsApp/; ${HOST} proxy_set_header X-Forwarded-Prefix /app; }`,
      trust: { hops: 1 },
    },
  },
  {
    what: 'adds a prefix to the path',
    wrong: { proxy: `location / { proxy_pass $tlsApp/internal/; ${HOST} }` },
    part: 'pathname',
    named: 'proxy_pass without a path',
    right: { proxy: `location / { proxy_pass $tlsApp; ${HOST} }` },
  },
  {
    what: 'drops a parameter of the redirect URI',
    redirectPath: '/callback?tenant=a',
    wrong: {
      proxy: `location / { proxy_pass $tlsApp; ${HOST} }
        location /callback {
          rewrite ^ /callback?code=$arg_code&state=$arg_state&iss=$arg_iss? break;
          proxy_pass $tlsApp; ${HOST}
        }`,
    },
    part: 'search',
    named: 'parameters of the query',
    right: { proxy: `location / { proxy_pass $tlsApp; ${HOST} }` },
  },
]

describe('a proxy that', () => {
  it.each(CASES)('$what is named with its repair, and costs nobody the sign-in', async (example) => {
    const { redirectPath = '/callback', wrong, part, named, right } = example
    const redirectUri = origin + redirectPath
    await deploy(wrong, redirectUri)
    const browser = createBrowser()
    const callback = await browser.leave(redirectUri)

    const refused = await browser.open(callback)
    expect(refused.status).toBe(400)
    const { code, message, hint }: { code: string; message: string; hint: string } = await refused.json()
    expect(code).toBe('redirect_uri_mismatch')
    expect(message).toContain(`: the ${part} differs.`)
    expect(hint).toContain(named.replace(/;$/, ''))
    expect(message + hint).not.toContain(new URL(callback).searchParams.get('code'))

    await deploy(right, redirectUri)
    const response = await browser.open(callback)
    expect(await response.json()).toEqual({ sub: 'ada' })
    expect(browser.visitor.cookies.size).toBe(0)
  })
})

describe('headers that a visitor makes up', () => {
  const ADD_HOST = 'proxy_set_header X-Forwarded-Host "$http_x_forwarded_host, $http_host";'
  const ADD_PREFIX = 'proxy_set_header X-Forwarded-Prefix "$http_x_forwarded_prefix, /";'
  const NO_PORT = 'proxy_set_header X-Forwarded-Port "";'
  const spoofed = {
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-port': '666',
    'x-forwarded-prefix': '/evil',
    forwarded: 'proto=http;host=evil.example',
  }
  const passedOn = `location / { proxy_pass $tlsApp; ${HOST} }`
  const overwritten = `location / {
    proxy_pass $app; ${HOST} ${PROTO}
    proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Prefix "";
  }`

  it.each<[string, Setup]>([
    ['nobody trusts', { proxy: passedOn }],
    ['the trusted proxy overwrites', { proxy: overwritten, trust: { hops: 1 } }],
    [
      'the trusted proxies add to',
      {
        proxy: `location / { proxy_pass $inner; ${HOST} ${ADD_PROTO} ${ADD_HOST} ${ADD_PREFIX} ${NO_PORT} }`,
        inner: `location / { proxy_pass $app; ${ADD_PROTO} ${ADD_HOST} ${ADD_PREFIX} }`,
        trust: { hops: 2 },
      },
    ],
  ])('and that %s do nothing', async (_, setup) => {
    const redirectUri = `${origin}/callback`
    await deploy(setup, redirectUri)
    const browser = createBrowser(spoofed)
    const response = await browser.open(await browser.leave(redirectUri))
    expect(await response.json()).toEqual({ sub: 'ada' })
  })

  it('and that a trusted proxy passes on refuse the sign-in of that visitor, no more', async () => {
    const redirectUri = `${origin}/callback`
    await deploy({ proxy: passedOn, trust: { hops: 1 } }, redirectUri)
    const browser = createBrowser(spoofed)
    const response = await browser.open(await browser.leave(redirectUri))
    expect(await response.json()).toMatchObject({ code: 'redirect_uri_mismatch' })
    const other = createBrowser()
    expect(await (await other.open(await other.leave(redirectUri))).json()).toEqual({ sub: 'ada' })
  })

  it('do not repair a landing for an app that trusts nobody', async () => {
    const redirectUri = `${origin}/callback`
    await deploy({ proxy: `location / { proxy_pass $app; ${HOST} }` }, redirectUri)
    const browser = createBrowser({ 'x-forwarded-proto': 'https', forwarded: 'proto=https' })
    const response = await browser.open(await browser.leave(redirectUri))
    expect(await response.json()).toMatchObject({ code: 'redirect_uri_mismatch' })
  })

  it.each<[string, Omit<Setup, 'proxy'>, Record<string, string>]>([
    ['trusted', { trust: { hops: 1 } }, spoofed],
    ['not trusted', {}, spoofed],
    ['Host, trusted', { trust: { hops: 1 } }, { host: 'evil.example' }],
    ['Host, not trusted', {}, { host: 'evil.example' }],
  ])('never change the redirect URI (%s)', async (_, trust, headers) => {
    const redirectUri = `${origin}/callback`
    await deploy({ proxy: passedOn, ...trust }, redirectUri)
    const sentTo = await createBrowser(headers).login(redirectUri)
    expect(sentTo.origin).toBe(provider.issuer)
    expect(sentTo.searchParams.get('redirect_uri')).toBe(redirectUri)
  })
})
