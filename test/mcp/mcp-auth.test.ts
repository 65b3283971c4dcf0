import type { ServerResponse } from 'node:http'
import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sealedSessions } from '../../src/index.js'
import { createMcpAuth, type McpAuthConfig, memoryRegistrations } from '../../src/mcp.js'
import { loopback } from '../../src/node.js'
import { allowInsecureLoopback } from '../../src/protocol.js'
import { listen } from '../helpers/loopback.js'
import { createPerson } from '../helpers/person.js'
import { refusal } from '../helpers/refusal.js'
import { startMcpProvider } from './provider.js'

const CHALLENGED = '/.well-known/oauth-protected-resource'

/** What a resource does that its own client does not control. */
interface Behaviour {
  issuer: string
  /** What its document says besides. */
  document?: Record<string, unknown>
  /** Runs for each request with a token. @returns whether the token is refused */
  refuses?: (authorization: string) => boolean | Promise<boolean>
}

let as: Awaited<ReturnType<typeof startMcpProvider>>
let server: Awaited<ReturnType<typeof listen>>
let origin: string
let behaviour: Behaviour
/** What arrived: path and token. */
let arrived: { path: string; authorization: string | undefined }[]
let opened: URL[]
/** Open streams of the server. */
const streams: ServerResponse[] = []

beforeAll(async () => {
  as = await startMcpProvider()
  server = await listen(async (request, response) => {
    const path = request.url ?? ''
    const send = (status: number, headers: Record<string, string>, body: unknown = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (path.startsWith(CHALLENGED)) {
      const resource = origin + path.slice(CHALLENGED.length)
      return send(200, {}, { resource, authorization_servers: [behaviour.issuer], ...behaviour.document })
    }
    arrived.push({ path, authorization: request.headers.authorization })
    const challenge = `Bearer resource_metadata="${origin}${CHALLENGED}${path}", scope="tools:read"`
    const { authorization } = request.headers
    if (!authorization || (await behaviour.refuses?.(authorization)))
      return send(401, { 'www-authenticate': challenge })
    if (path !== '/mcp/stream') return send(200, {}, { path })
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    streams.push(response)
  })
  origin = `http://127.0.0.1:${server.port}`
})
afterAll(() => Promise.all([as.close(), server.close()]))
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  behaviour = { issuer: as.issuer }
  arrived = []
  opened = []
})

function create({ name = 'ada', ...more }: Partial<McpAuthConfig> & { name?: string } = {}) {
  const person = createPerson(name)
  const open = async (link: string) => {
    const url = new URL(link)
    opened.push(url)
    await fetch(await person.travel(link, url.searchParams.get('redirect_uri') as string))
  }
  return createMcpAuth({
    url: `${origin}/mcp`,
    redirectUri: 'http://127.0.0.1/callback',
    userAgent: loopback({ open }),
    register: { clientName: 'An agent' },
    registrations: memoryRegistrations(),
    confirmSignIn: () => true,
    insecure: allowInsecureLoopback,
    ...more,
  })
}

describe('createMcpAuth', () => {
  it('asks for nothing where the server wants no token', async () => {
    const auth = create({ url: `${origin}${CHALLENGED}` })
    expect((await auth.fetch(`${origin}${CHALLENGED}`)).status).toBe(200)
    expect(auth.session).toBeUndefined()
    expect(opened).toEqual([])
  })

  it('signs in once for requests at the same time, and sends each of them again', async () => {
    const auth = create()
    const responses = await Promise.all(
      [1, 2, 3].map((n) => auth.fetch(`${origin}/mcp`, { method: 'POST', body: `${n}` })),
    )
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(opened).toHaveLength(1)
    expect(new Set(arrived.map(({ authorization }) => authorization)).size).toBe(2)
  })

  it.each([
    ['a document of another resource', { resource: 'https://bank.example/' }, 'resource_mismatch'],
    [
      'an issuer inside the network that the resource is not in',
      { authorization_servers: ['https://169.254.169.254'] },
      'endpoint_refused',
    ],
    ['no issuer', { authorization_servers: [] }, 'response_refused'],
  ] as const)('refuses %s before anything is opened', async (_, document, code) => {
    behaviour.document = document
    await refusal(create().fetch(`${origin}/mcp`), code)
    expect(opened).toEqual([])
  })

  it('keeps the sessions of two MCP servers apart, also of one client and in one store', async () => {
    const [registrations, sessionStore] = [memoryRegistrations(), sealedSessions()]
    const one = create({ registrations, sessionStore })
    const two = create({ registrations, sessionStore, url: `${origin}/other` })
    await one.fetch(`${origin}/mcp`)
    await two.fetch(`${origin}/other`)
    expect(new Set(opened.map(({ searchParams }) => searchParams.get('client_id'))).size).toBe(1)
    const tokens = new Map(arrived.map(({ path, authorization }) => [path, authorization]))
    expect(tokens.get('/mcp')).not.toBe(tokens.get('/other'))
    await two.signOut()
    expect(one.session).toBeDefined()
    // Another process, with the same store: its session is there.
    expect((await create({ registrations, sessionStore }).fetch(`${origin}/mcp`)).status).toBe(200)
    expect(opened).toHaveLength(2)
  })

  it('refreshes its token: offline_access comes with prompt=consent, without which the server ignores it', async () => {
    const events: string[] = []
    const auth = create()
    auth.subscribe(({ type }) => events.push(type))
    await auth.fetch(`${origin}/mcp`)
    const [first] = arrived.flatMap(({ authorization }) => authorization ?? [])
    behaviour.refuses = (authorization) => authorization === first
    expect((await auth.fetch(`${origin}/mcp`)).status).toBe(200)
    expect(opened.map(({ searchParams }) => searchParams.get('prompt'))).toEqual(['consent'])
    expect(events).not.toContain('refresh_token_missing')

    // The app decides otherwise, and what that means is reported.
    await auth.signOut()
    await auth.signIn({ prompt: 'login' })
    expect(events).toContain('refresh_token_missing')
  })

  it('never sends the request of one user with the token of another who has signed in meanwhile', async () => {
    const [registrations, sessionStore] = [memoryRegistrations(), sealedSessions()]
    const tab = (name: string) => create({ registrations, sessionStore, name, scope: 'openid' })
    const [one, another] = [tab('ada'), tab('grace')]
    await one.fetch(`${origin}/mcp`)
    const first = arrived.at(-1)?.authorization
    arrived = []
    behaviour.refuses = async (authorization) => {
      if (authorization !== first || arrived.length > 1) return authorization === first
      await another.preload()
      await another.signOut()
      await another.signIn()
      return true
    }
    await refusal(one.fetch(`${origin}/mcp`, { method: 'POST', body: 'of ada' }), 'login_required')
    expect(arrived.map(({ authorization }) => authorization)).toEqual([first])
    // It is a new request that is of the new user.
    expect((await one.fetch(`${origin}/mcp`)).status).toBe(200)
    expect(one.session?.claims?.sub).toBe('grace')
  })

  it('keeps a stream open while the token is renewed, and opens the next one with the new token', async () => {
    const auth = create()
    await auth.fetch(`${origin}/mcp`)
    const stream = await auth.fetch(`${origin}/mcp/stream`)
    const first = arrived.at(-1)?.authorization
    behaviour.refuses = (authorization) => authorization === first
    expect((await auth.fetch(`${origin}/mcp`)).status).toBe(200)
    streams.at(-1)?.end('data: 2\n\n')
    expect(await stream.text()).toBe('data: 1\n\ndata: 2\n\n')
    const next = await auth.fetch(`${origin}/mcp/stream`)
    expect(next.status).toBe(200)
    expect(arrived.at(-1)?.authorization).not.toBe(first)
    streams.at(-1)?.end()
    expect(opened).toHaveLength(1)
  })

  it('says when a client is registered, and when the server has forgotten it', async () => {
    const events: { type: string; clientId: string | undefined }[] = []
    const registrations = memoryRegistrations()
    const auth = create({ registrations })
    auth.subscribe(({ type, clientId }) => /^registration_/.test(type) && events.push({ type, clientId }))
    await auth.preload()
    const clientId = `${(await registrations.get(as.issuer))?.clientId}`
    expect(events).toEqual([{ type: 'registration_completed', clientId }])
    // A server that says `invalid_client` at its token endpoint.
    const forgetful = create({
      registrations,
      fetch: async (request, init) =>
        /\/token$/.test(`${request instanceof Request ? request.url : request}`)
          ? Response.json({ error: 'invalid_client' }, { status: 401 })
          : fetch(request as string, init as RequestInit),
    })
    forgetful.subscribe(({ type, clientId }) => /^registration_/.test(type) && events.push({ type, clientId }))
    await refusal(forgetful.signIn(), 'token_request_refused')
    expect(events.at(-1)).toEqual({ type: 'registration_forgotten', clientId })
  })
})
