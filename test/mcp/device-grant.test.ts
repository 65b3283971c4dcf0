import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createMcpAuth,
  deviceGrant,
  type McpAuthConfig,
  memoryRegistrations,
  memorySessions,
  memoryVault,
} from '../../src/mcp.js'
import { sendResponse, toRequest } from '../../src/node.js'
import { allowInsecureLoopback, createDpop, createSigningKey } from '../../src/protocol.js'
import { createResourceServer, memoryReplayCache } from '../../src/resource-server.js'
import { listen } from '../helpers/loopback.js'
import { createPerson } from '../helpers/person.js'
import { refusal } from '../helpers/refusal.js'
import { startMcpProvider } from './provider.js'

let as: Awaited<ReturnType<typeof startMcpProvider>>
let mcp: Awaited<ReturnType<typeof listen>>
let url: string
/** Access tokens that the MCP server refuses, and those that have arrived. */
const refused = new Set<string>()
const arrived: { readonly agent: string; readonly token: string; readonly binding: string }[] = []

beforeAll(async () => {
  as = await startMcpProvider()
  let api: ReturnType<typeof createResourceServer>
  mcp = await listen(async (incoming, outgoing) => {
    const request = toRequest(incoming, { response: outgoing })
    const token = `${request.headers.get('authorization')}`
    if (refused.has(token)) return sendResponse(outgoing, new Response('', { status: 401 }))
    const answer = api.protect({}, (_, { binding, subject }) => {
      arrived.push({ agent: `${request.headers.get('x-agent')}`, token, binding })
      return Response.json({ subject })
    })
    return sendResponse(outgoing, await answer(request))
  })
  url = `http://127.0.0.1:${mcp.port}/mcp`
  api = createResourceServer({
    issuer: as.issuer,
    audience: url,
    dpop: { replayCache: memoryReplayCache() },
    insecure: allowInsecureLoopback,
  })
})
afterAll(() => Promise.all([as?.close(), mcp?.close()]))

function create(more: Partial<McpAuthConfig> = {}) {
  let prompts = 0
  const auth = createMcpAuth({
    url,
    redirectUri: 'http://127.0.0.1/callback',
    device: deviceGrant({
      async onPrompt({ verificationUriComplete = '' }) {
        prompts++
        // It ends on a page without a form.
        await createPerson()
          .travel(verificationUriComplete, 'https://nowhere.example/')
          .catch(() => {})
      },
    }),
    vault: memoryVault(),
    register: {},
    registrations: memoryRegistrations(),
    confirmSignIn: () => true,
    insecure: allowInsecureLoopback,
    ...more,
  })
  const agent = randomUUID()
  return {
    auth,
    call: () => auth.fetch(url, { headers: { 'x-agent': agent } }),
    arrived: () => arrived.filter((request) => request.agent === agent),
    prompts: () => prompts,
  }
}

// The server wants five seconds between two requests.
describe.concurrent('the session of a sign-in on another device', () => {
  it('continues with the refresh token', async () => {
    const { call, arrived, prompts } = create()
    expect(await (await call()).json()).toEqual({ subject: 'ada' })
    refused.add(`${arrived()[0]?.token}`)
    expect((await call()).status).toBe(200)
    expect(arrived().map(({ binding }) => binding)).toEqual(['none', 'none'])
    expect(new Set(arrived().map(({ token }) => token)).size).toBe(2)
    expect(prompts()).toBe(1)
  })

  it('is bound to the key of the client, after a refresh too', async () => {
    const key = await createSigningKey()
    const process = () => createDpop(async () => key)
    const shared = { sessionStore: memorySessions(), registrations: memoryRegistrations() }
    const { call, arrived, prompts } = create({ ...shared, dpop: process() })
    expect((await call()).status).toBe(200)
    refused.add(`${arrived()[0]?.token}`)
    expect((await call()).status).toBe(200)
    expect(arrived().map(({ binding }) => binding)).toEqual(['dpop', 'dpop'])
    expect(prompts()).toBe(1)
    // The next process knows the session by the thumbprint of the key.
    const next = create({ ...shared, dpop: process() })
    expect((await next.call()).status).toBe(200)
    expect(next.prompts()).toBe(0)
  })

  it('revokes the tokens of a sign-in whose session has been ended meanwhile', async () => {
    const events: string[] = []
    const { auth } = create({
      device: async (parts, request) => {
        const grant = await deviceGrant({
          onPrompt: ({ verificationUriComplete = '' }) =>
            createPerson()
              .travel(verificationUriComplete, 'https://nowhere.example/')
              .catch(() => {}),
        })(parts, request)
        await auth.signOut()
        return grant
      },
    })
    // This server does not revoke access tokens that are JWTs.
    auth.subscribe((event) => 'token' in event && events.push(`${event.type} ${event.token}`))
    await refusal(auth.signIn(), 'login_required')
    expect(events).toEqual(expect.arrayContaining(['revocation_started access_token', 'token_revoked refresh_token']))
    expect(auth.session).toBeUndefined()
  })

  it('revokes the tokens where the key they are bound to is lost meanwhile', async () => {
    const key = await createSigningKey()
    const dpop = createDpop(async () => key)
    const thumbprint = async (clientKey: string, atHand?: boolean) => {
      if (atHand) throw new Error('no key')
      return dpop.thumbprint(clientKey)
    }
    const { auth } = create({ dpop: { ...dpop, thumbprint } })
    const events: string[] = []
    auth.subscribe((event) => 'token' in event && events.push(`${event.type} ${event.token}`))
    await expect(auth.signIn()).rejects.toThrow('no key')
    expect(events).toEqual(expect.arrayContaining(['revocation_started access_token', 'token_revoked refresh_token']))
    expect(auth.session).toBeUndefined()
  })

  it('is of a client that may use the device grant, where one that may not is registered', async () => {
    const registrations = memoryRegistrations()
    const { auth } = create({ registrations, device: undefined })
    await auth.preload()
    const earlier = await registrations.get(as.issuer)
    const { call } = create({ registrations })
    expect((await call()).status).toBe(200)
    const now = await registrations.get(as.issuer)
    expect(earlier?.clientId).toBeTypeOf('string')
    expect(now?.clientId).not.toBe(earlier?.clientId)
  })
})
