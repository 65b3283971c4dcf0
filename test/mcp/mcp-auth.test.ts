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
  /** The scope that each request with a token is told to lack. */
  demand?: (count: number) => string | undefined
  /** Takes no token at all. */
  refuses?: boolean
}

let as: Awaited<ReturnType<typeof startMcpProvider>>
let other: Awaited<ReturnType<typeof startMcpProvider>>
let server: Awaited<ReturnType<typeof listen>>
let origin: string
let behaviour: Behaviour
/** What arrived: path and token. */
let arrived: { path: string; authorization: string | undefined }[]
let opened: URL[]

beforeAll(async () => {
  as = await startMcpProvider()
  other = await startMcpProvider()
  let demands = 0
  server = await listen((request, response) => {
    const path = request.url ?? ''
    const send = (status: number, headers: Record<string, string>, body: unknown = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (path.startsWith(CHALLENGED)) {
      const resource = origin + path.slice(CHALLENGED.length)
      return send(200, {}, { resource, authorization_servers: [behaviour.issuer], ...behaviour.document })
    }
    arrived.push({ path, authorization: request.headers.authorization })
    const challenge = `Bearer resource_metadata="${origin}${CHALLENGED}${path}", scope="tools:read"`
    if (!request.headers.authorization || behaviour.refuses) return send(401, { 'www-authenticate': challenge })
    const scope = behaviour.demand?.(demands++)
    if (scope === undefined) return send(200, {}, { path })
    send(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` })
  })
  origin = `http://127.0.0.1:${server.port}`
})
afterAll(() => Promise.all([as.close(), other.close(), server.close()]))
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  behaviour = { issuer: as.issuer }
  arrived = []
  opened = []
})

function create(more: Partial<McpAuthConfig> = {}) {
  const person = createPerson('ada')
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
})
