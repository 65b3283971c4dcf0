import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { isWithin } from '../../src/mcp/mcp-fetch.js'
import { createPrompts } from '../../src/mcp/prompts.js'
import {
  allowInsecureLoopback,
  createMcpAuth,
  type McpAuthConfig,
  memoryRegistrations,
  memorySessions,
  memoryVault,
} from '../../src/mcp.js'
import { listen } from '../helpers/loopback.js'

type Seen = { readonly at: string; readonly token: string; readonly body: URLSearchParams }
interface As {
  readonly issuer: string
  readonly seen: Seen[]
  close(): Promise<void>
}

const text = async (request: IncomingMessage) => {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}
const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

/** Signs everybody in; its tokens have its name. */
async function startAs(name: string): Promise<As> {
  const seen: Seen[] = []
  let codes = 0
  let issued = 0
  const { port, close } = await listen(async (request, response) => {
    const issuer = `http://${request.headers.host}`
    const url = new URL(`${request.url}`, issuer)
    const body = new URLSearchParams(await text(request))
    seen.push({ at: url.pathname, token: `${request.headers.authorization ?? ''}`, body })
    if (url.pathname === '/authorize') {
      const to = new URL(`${url.searchParams.get('redirect_uri')}`)
      to.searchParams.set('code', `${name}-${codes++}`)
      to.searchParams.set('state', `${url.searchParams.get('state')}`)
      return response.writeHead(303, { location: to.href }).end()
    }
    if (url.pathname === '/register') return json(response, 201, { client_id: `client-of-${name}` })
    if (url.pathname === '/token')
      return json(response, 200, {
        access_token: `${name}-token-${++issued}`,
        refresh_token: `${name}-refresh-${issued}`,
        token_type: 'Bearer',
        expires_in: 600,
      })
    if (!url.pathname.startsWith('/.well-known/oauth-authorization-server')) return json(response, 404, {})
    json(response, 200, {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
    })
  })
  return { issuer: `http://127.0.0.1:${port}`, seen, close }
}

let one: As
let two: As
let mcp: Awaited<ReturnType<typeof listen>>
/** What the MCP server does, per test. */
let answer: (path: string, token: string) => { status: number; challenge?: string } | undefined
let servers: string[]
let tokens: { path: string; token: string }[]
const urlOf = (path = '/mcp') => `http://127.0.0.1:${mcp.port}${path}`

beforeAll(async () => {
  one = await startAs('one')
  two = await startAs('two')
  mcp = await listen((request, response) => {
    const path = `${request.url}`
    if (path.startsWith('/.well-known/oauth-protected-resource'))
      return json(response, 200, {
        resource: urlOf(path.slice('/.well-known/oauth-protected-resource'.length)),
        authorization_servers: servers,
      })
    const token = `${request.headers.authorization ?? ''}`
    tokens.push({ path, token })
    const { status, challenge } = answer(path, token) ?? { status: token ? 200 : 401 }
    json(response, status, {}, challenge || status === 401 ? { 'www-authenticate': challenge ?? 'Bearer' } : {})
  })
})
afterAll(async () => {
  await Promise.all([one, two, mcp].map(({ close }) => close()))
})
beforeEach(() => {
  servers = [one.issuer]
  tokens = []
  answer = () => undefined
  for (const { seen } of [one, two]) seen.length = 0
})

/** The browser follows the redirects, and the callback is handed back. */
const browser: McpAuthConfig['userAgent'] = {
  name: 'test',
  async open({ begin, complete }) {
    const { url } = await begin()
    const { headers } = await fetch(url, { redirect: 'manual' })
    await complete(`${headers.get('location')}`)
  },
}
const agent = (more: Partial<McpAuthConfig> = {}) =>
  createMcpAuth({
    url: urlOf(),
    redirectUri: 'http://127.0.0.1/callback',
    userAgent: browser,
    vault: memoryVault(),
    register: {},
    registrations: memoryRegistrations(),
    confirmSignIn: () => true,
    insecure: allowInsecureLoopback,
    ...more,
  })
const sentTo = ({ seen }: As) => JSON.stringify(seen.map(({ token, body }) => [token, `${body}`]))

test('the token is for the MCP server only: not for other paths of its origin, nor other origins', async () => {
  const auth = agent()
  expect((await auth.fetch(urlOf())).status).toBe(200)
  for (const url of [urlOf('/mcp/messages'), urlOf('/'), urlOf('/mcpx'), urlOf('/mcp/../evil'), `${two.issuer}/mcp`])
    await auth.fetch(url)
  expect(tokens.filter(({ token }) => token).map(({ path }) => path)).toEqual(['/mcp', '/mcp/messages'])
  expect(sentTo(two)).not.toContain('one-token')
})

test('a path is within the resource only at a boundary, and as URL reads it', () => {
  const within = (url: string, resource = 'https://a.example/mcp') => isWithin(new URL(url), resource)
  expect(within('https://a.example/mcp?x=1')).toBe(true)
  expect(within('https://a.example/mcp/x')).toBe(true)
  expect(within('https://a.example/mcp/..%2fevil')).toBe(true)
  expect(within('https://a.example/mcp/../evil')).toBe(false)
  expect(within('https://a.example/mcp/%2e%2e/evil')).toBe(false)
  expect(within('http://a.example/mcp')).toBe(false)
  expect(within('https://a.example:8443/mcp')).toBe(false)
  expect(within('https://a.example/any', 'https://a.example')).toBe(true)
})

test('another authorization server gets a new client and a new sign-in, and nothing of the earlier one', async () => {
  const asked: unknown[] = []
  const auth = agent({
    confirmSignIn: ({ issuer, previousIssuer }) => asked.push({ issuer, previousIssuer }) > 0,
  })
  await auth.fetch(urlOf())
  servers = [two.issuer]
  answer = (_path, token) => ({ status: token.includes('two-token') ? 200 : 401 })
  expect((await auth.fetch(urlOf())).status).toBe(200)
  expect(asked).toEqual([
    { issuer: one.issuer, previousIssuer: undefined },
    { issuer: two.issuer, previousIssuer: one.issuer },
  ])
  expect(two.seen.map(({ at }) => at)).toContain('/register')
  for (const secret of ['one-token', 'one-refresh', 'client-of-one']) expect(sentTo(two)).not.toContain(secret)
})

test('an MCP server that refuses every token causes one sign-in and one refresh for a request, then its 401 is returned', async () => {
  let asked = 0
  answer = () => ({ status: 401 })
  const auth = agent({ confirmSignIn: () => ++asked > 0 })
  expect((await auth.fetch(urlOf())).status).toBe(401)
  expect(asked).toBe(1)
  expect(one.seen.filter(({ at }) => at === '/token').length).toBe(2)
})

test('a new scope each time: two sign-ins for a request, five in all, however often it is tried', async () => {
  let asked = 0
  let made = 0
  answer = (_path, token) =>
    token ? { status: 403, challenge: `Bearer error="insufficient_scope", scope="s${made++}"` } : undefined
  const auth = agent({ confirmSignIn: () => ++asked > 0 })
  const codes: unknown[] = []
  for (let tries = 0; tries < 6; tries++) codes.push(await auth.fetch(urlOf()).catch(({ code }) => code))
  expect(asked).toBe(5)
  expect(new Set(codes)).toEqual(new Set(['insufficient_scope']))
})

test('a step-up asks for the union; a scope that the token has already is not asked for again', async () => {
  const wanted: (string | undefined)[] = []
  let challenge = 'Bearer scope="read"'
  answer = (_path, token) => (token ? { status: 403, challenge } : { status: 401, challenge })
  const auth = agent({ confirmSignIn: ({ scope }) => wanted.push(scope) > 0 })
  const failure = (async () => {
    await auth.signIn({ scope: 'read' })
    challenge = 'Bearer error="insufficient_scope", scope="write"'
    return auth.fetch(urlOf())
  })()
  await expect(failure).rejects.toMatchObject({ code: 'step_up_failed' })
  expect(wanted).toEqual(['read write'])
})

test('without confirmSignIn, and where it says no, no page is opened', async () => {
  for (const confirmSignIn of [undefined, () => false]) {
    const auth = agent({ confirmSignIn })
    await expect(auth.fetch(urlOf())).rejects.toMatchObject({ code: 'login_required' })
    expect(one.seen.filter(({ at }) => at === '/authorize')).toEqual([])
  }
})

test('ten requests at once share one sign-in', async () => {
  let asked = 0
  const auth = agent({ confirmSignIn: () => ++asked > 0 })
  const responses = await Promise.all(Array.from({ length: 10 }, () => auth.fetch(urlOf())))
  expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(asked).toBe(1)
})

test('two MCP servers with one client at one authorization server share no token', async () => {
  const shared = { sessionStore: memorySessions(), vault: memoryVault(), registrations: memoryRegistrations() }
  const [first, second] = [agent(shared), agent({ ...shared, url: urlOf('/other') })]
  await first.fetch(urlOf())
  await second.fetch(urlOf('/other'))
  const [a, b] = [await first.getAccessToken(), await second.getAccessToken()]
  expect(a).not.toBe(b)
  expect(tokens.filter(({ token }) => token)).toEqual([
    { path: '/mcp', token: `Bearer ${a}` },
    { path: '/other', token: `Bearer ${b}` },
  ])
  await first.signOut()
  expect(second.session).toBeDefined()
})

test('prompts in a row share one, and a refused one is not counted', async () => {
  const answers = [false, true, true, true, true, true]
  const prompts = createPrompts({ confirmSignIn: () => answers.shift() ?? expect.unreachable() })
  const request = {
    reason: 'login_required',
    resource: urlOf(),
    issuer: one.issuer,
    previousIssuer: undefined,
    scope: undefined,
  } as const
  await expect(prompts.ask(request, async () => {})).rejects.toMatchObject({ code: 'login_required' })
  for (let count = 0; count < 5; count++) await prompts.ask(request, async () => {})
  await expect(prompts.ask(request, async () => {})).rejects.toThrow(/too many/)
})
