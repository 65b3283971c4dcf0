import type { IncomingMessage, ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { isWithin } from '../../src/mcp/mcp-fetch.js'
import { createPrompts } from '../../src/mcp/prompts.js'
import {
  allowInsecureLoopback,
  createMcpAuth,
  type McpAuthConfig,
  memoryRegistrations,
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
    const origin = `http://${request.headers.host}`
    const url = new URL(`${request.url}`, origin)
    const [, path] = url.pathname.split('/.well-known/oauth-authorization-server')
    const issuer = origin + (path ?? '')
    const body = new URLSearchParams(await text(request))
    seen.push({ at: url.pathname, token: `${request.headers.authorization ?? ''}`, body })
    if (url.pathname === '/authorize') {
      const to = new URL(`${url.searchParams.get('redirect_uri')}`)
      to.searchParams.set('code', `${name}-${codes++}`)
      to.searchParams.set('state', `${url.searchParams.get('state')}`)
      return response.writeHead(303, { location: to.href }).end()
    }
    if (url.pathname === '/register/refused') return json(response, 500, {})
    if (url.pathname === '/register') return json(response, 201, { client_id: `client-of-${name}` })
    if (url.pathname === '/token')
      return json(response, 200, {
        access_token: `${name}-token-${++issued}`,
        refresh_token: `${name}-refresh-${issued}`,
        token_type: 'Bearer',
        expires_in: 600,
      })
    if (path === undefined) return json(response, 404, {})
    json(response, 200, {
      issuer,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register${path.startsWith('/refusing') ? '/refused' : ''}`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
    })
  })
  return { issuer: `http://127.0.0.1:${port}`, seen, close }
}

interface Answer {
  readonly status: number
  readonly challenge?: string
  readonly location?: string
}

let one: As
let two: As
let mcp: Awaited<ReturnType<typeof listen>>
/** What the MCP server does, per test. */
let answer: (path: string, token: string) => Answer | undefined
/** What the document of the resource says besides. */
let document: Record<string, unknown>
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
        ...document,
      })
    const token = `${request.headers.authorization ?? ''}`
    tokens.push({ path, token })
    const { status, challenge, location } = answer(path, token) ?? ({ status: token ? 200 : 401 } as Answer)
    json(
      response,
      status,
      {},
      {
        ...((challenge || status === 401) && { 'www-authenticate': challenge ?? 'Bearer' }),
        ...(location && { location }),
      },
    )
  })
})
afterAll(async () => {
  await Promise.all([one, two, mcp].map(({ close }) => close()))
})
beforeEach(() => {
  servers = [one.issuer]
  tokens = []
  document = {}
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
  // What a proxy that decodes the path would take for /evil.
  for (const path of ['/mcp%2f..%2fevil', '/mcp/..%2fevil', '/mcp/%252e%252e/evil', '/mcp/..;x/evil', '/mcp/..%5cevil'])
    await auth.fetch(urlOf(path))
  await auth.fetch(urlOf().replace('127.0.0.1', 'localhost')).catch(() => undefined)
  expect(tokens.filter(({ token }) => token).map(({ path }) => path)).toEqual(['/mcp', '/mcp/messages'])
  expect(sentTo(two)).not.toContain('one-token')
})

test.each([
  ['another path of its origin', 302, () => urlOf('/evil')],
  ['another path of its origin, with the method kept', 307, () => urlOf('/evil')],
  ['another origin', 307, () => `${two.issuer}/mcp`],
  ['a path that URL reads as another', 308, () => urlOf('/mcp/%2e%2e/evil')],
  ['a path that a proxy may read as another', 308, () => urlOf('/mcp/..%2fevil')],
  ['nowhere', 307, () => 'http://['],
])('a redirect to %s gets no request', async (_, status, location) => {
  const auth = agent()
  await auth.fetch(urlOf())
  const token = await auth.getAccessToken()
  answer = (path) => ({ status: path === '/mcp' ? status : 200, location: location() })
  for (const method of ['GET', 'POST']) {
    const body = method === 'POST' ? 'a secret of the user' : null
    await expect(auth.fetch(urlOf(), { method, body })).rejects.toMatchObject({ code: 'endpoint_refused' })
  }
  expect(tokens.filter(({ path }) => path.endsWith('evil'))).toEqual([])
  expect(sentTo(two)).toBe('[]')

  // The global fetch would send the token there.
  tokens = []
  await fetch(urlOf(), { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined)
  const reached = tokens.filter(({ path }) => path.endsWith('evil'))
  expect(reached.map(({ token }) => token)).toEqual(location().endsWith('evil') ? [`Bearer ${token}`] : [])
})

test('a redirect within the resource is followed, as often as three times, with method and body', async () => {
  const auth = agent()
  await auth.fetch(urlOf())
  tokens = []
  let hops = 0
  answer = (path) => (path === '/mcp/' ? undefined : { status: 307, location: `/mcp/${++hops < 3 ? hops : ''}` })
  expect((await auth.fetch(urlOf(), { method: 'POST', body: '{}' })).status).toBe(200)
  expect(tokens.map(({ path }) => path)).toEqual(['/mcp', '/mcp/1', '/mcp/2', '/mcp/'])
  answer = () => ({ status: 307, location: '/mcp/again' })
  await expect(auth.fetch(urlOf())).rejects.toMatchObject({ code: 'endpoint_refused' })
  // Whoever wants to see it, sees it.
  expect((await auth.fetch(urlOf(), { redirect: 'manual' })).status).toBe(307)
})

test.each([
  ['a path that leaves', (token: string) => `/mcp/${token}`],
  ['a user', (token: string) => urlOf().replace('//', `//${token}:x@`)],
])('the token in %s of a redirect is in no error', async (_, location) => {
  const auth = agent()
  await auth.fetch(urlOf())
  const token = await auth.getAccessToken()
  answer = (path) => ({ status: 307, location: path === '/mcp' ? location(token) : '/evil' })
  const error = await auth.fetch(urlOf()).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'endpoint_refused' })
  expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain(token)
})

test('a server that names another authorization server each time gets clients registered at five of them', async () => {
  const auth = agent({ confirmSignIn: undefined })
  const messages: string[] = []
  for (let count = 0; count < 8; count++) {
    servers = [`${two.issuer}/${count}`]
    await auth.fetch(urlOf()).catch(({ message }) => messages.push(message))
  }
  expect(messages).toHaveLength(8)
  expect(messages.at(-1)).toMatch(/too many authorization servers/)
  expect(two.seen.filter(({ at }) => at === '/register')).toHaveLength(5)
})

test('nor more of them where no client is any good, so that there is never a connection', async () => {
  const auth = agent({ confirmSignIn: undefined })
  const messages: string[] = []
  for (let count = 0; count < 8; count++) {
    servers = [`${two.issuer}/refusing/${count}`]
    await auth.fetch(urlOf()).catch(({ message }) => messages.push(message))
  }
  expect(messages).toHaveLength(8)
  expect(messages.at(-1)).toMatch(/too many authorization servers/)
  expect(two.seen.filter(({ at }) => at === '/register/refused')).toHaveLength(5)
})

test('an authorization server that is out of order is one, however often it is tried', async () => {
  servers = [`${two.issuer}/refusing`]
  const auth = agent()
  for (let count = 0; count < 8; count++)
    await expect(auth.fetch(urlOf())).rejects.not.toThrow(/too many authorization servers/)
  servers = [one.issuer]
  expect((await auth.fetch(urlOf())).status).toBe(200)
})

test.each([
  ['the metadata of another resource', () => `${two.issuer}/.well-known/oauth-protected-resource`, 'response_refused'],
  ['an address of the cloud', () => 'http://169.254.169.254/latest/meta-data', 'endpoint_refused'],
  ['another scheme', () => 'file:///etc/passwd', 'endpoint_refused'],
  ['a URL with a password', () => 'https://user:secret@example.com/', 'endpoint_refused'],
  ['a URL without an end', () => `https://example.com/${'a'.repeat(3000)}`, 'endpoint_refused'],
])('a challenge that names %s opens nothing', async (_, metadata, code) => {
  const asked: string[] = []
  answer = () => ({ status: 401, challenge: `Bearer resource_metadata="${metadata()}"` })
  const auth = agent({
    fetch: (url: unknown, init?: unknown) => {
      asked.push(url instanceof Request ? url.url : `${url}`)
      return fetch(url as string, init as RequestInit)
    },
  } as Partial<McpAuthConfig>)
  const error = await auth.fetch(urlOf()).catch((error) => error)
  expect(error.code).toBe(code)
  expect(`${error.message}`.length).toBeLessThan(5000)
  expect(asked.filter((url) => url !== urlOf())).toEqual(code === 'endpoint_refused' ? [] : [metadata()])
})

test('an enormous challenge is cut, and what is left of it is asked for', async () => {
  const wanted: string[] = []
  answer = (_path, token) =>
    token ? undefined : { status: 401, challenge: `Bearer scope="${'s '.repeat(3000)}", error="${'"'.repeat(3000)}` }
  const auth = agent({ confirmSignIn: ({ scope }) => wanted.push(`${scope}`) > 0 })
  expect((await auth.fetch(urlOf())).status).toBe(200)
  expect(wanted[0]?.length).toBeLessThan(4096)
})

test('of a thousand authorization servers inside the network none is asked, and nobody has to sign in', async () => {
  const auth = agent()
  await auth.fetch(urlOf())
  servers = []
  document = { authorization_servers: Array(1000).fill('https://169.254.169.254') }
  answer = () => ({ status: 401 })
  await expect(auth.fetch(urlOf())).rejects.toMatchObject({ code: 'endpoint_refused' })
  expect(one.seen.filter(({ at }) => at === '/authorize')).toHaveLength(1)
})

test('a long list of scopes is asked for as it is, not cut in the middle of one', async () => {
  const long = Array.from({ length: 12 }, (_, index) => `https://api.example/auth/scope.${index}`)
  const wanted: string[] = []
  answer = (_path, token) =>
    token && wanted.length < 2
      ? { status: 403, challenge: `Bearer error="insufficient_scope", scope="${long.join(' ')}"` }
      : undefined
  const auth = agent({ confirmSignIn: ({ scope }) => wanted.push(`${scope}`) > 0 })
  expect((await auth.fetch(urlOf())).status).toBe(200)
  expect(wanted[1]?.split(' ')).toEqual(long)
})

test('a path is within the resource only at a boundary, and as URL reads it', () => {
  const within = (url: string, resource = 'https://a.example/mcp') => isWithin(new URL(url), resource)
  expect(within('https://a.example/mcp?x=1')).toBe(true)
  expect(within('https://a.example/mcp/x')).toBe(true)
  expect(within('https://a.example/mcp/')).toBe(true)
  expect(within('https://a.example/mcp/a%20b/..x')).toBe(true)
  for (const path of [
    '..%2fevil',
    '%2e%2e%2fevil',
    '%252e%252e/evil',
    'x%2f..%2f..%2fevil',
    '..;/evil',
    '..%3f',
    '%u002e%u002e/evil',
    '..%5cevil',
    '/evil',
  ])
    expect(within(`https://a.example/mcp/${path}`)).toBe(false)
  expect(within('https://a.example/mcp/../evil')).toBe(false)
  expect(within('https://a.example/mcp/%2e%2e/evil')).toBe(false)
  expect(within('http://a.example/mcp')).toBe(false)
  expect(within('https://a.example:8443/mcp')).toBe(false)
  expect(within('https://a.example/any', 'https://a.example')).toBe(true)
  expect(within('https://a.example/..%2fany', 'https://a.example/')).toBe(true)
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
  const asked: unknown[] = []
  for (const confirmSignIn of [undefined, (request: unknown) => asked.push(request) < 0]) {
    const auth = agent({ confirmSignIn })
    await expect(auth.fetch(urlOf())).rejects.toMatchObject({ code: 'login_required' })
    expect(one.seen.filter(({ at }) => at === '/authorize')).toEqual([])
  }
  expect(asked).toEqual([expect.objectContaining({ reason: 'login_required', resource: urlOf(), issuer: one.issuer })])
})

test('a user who refuses is asked five times, not again for each request', async () => {
  let asked = 0
  const auth = agent({ confirmSignIn: () => ++asked < 0 })
  const messages: string[] = []
  for (let tries = 0; tries < 8; tries++) await auth.fetch(urlOf()).catch(({ message }) => messages.push(message))
  expect(asked).toBe(5)
  expect(messages).toHaveLength(8)
  expect(messages.at(-1)).toMatch(/too many sign-ins/)
  // What the user wants is no matter of the server.
  expect((await auth.signIn())?.tokens.accessToken).toMatch(/^one-token/)
})

test('questions are counted, whatever the answer: a failure too', async () => {
  const answers = [false, new Error('closed'), true, true, true]
  const confirmSignIn = () => {
    const answer = answers.shift() ?? expect.unreachable()
    if (answer instanceof Error) throw answer
    return answer
  }
  const prompts = createPrompts({ confirmSignIn })
  const request = {
    reason: 'login_required',
    resource: urlOf(),
    issuer: one.issuer,
    previousIssuer: undefined,
    scope: undefined,
  } as const
  await expect(prompts.ask(request, async () => {})).rejects.toMatchObject({ code: 'login_required' })
  await expect(prompts.ask(request, async () => {})).rejects.toThrow('closed')
  for (let count = 0; count < 3; count++) await prompts.ask(request, async () => {})
  await expect(prompts.ask(request, async () => {})).rejects.toThrow(/too many/)
})
