import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import '../../examples/demo/quiet.js'
import { callTool, connectAgent } from '../../examples/mcp-agent/agent.js'
import { startMcpServer } from '../../examples/mcp-agent/mcp-server.js'
import { allowInsecureLoopback, createMcpAuth, handOver, memoryRegistrations, userSessions } from '../../src/mcp.js'
import { redisSessions, redisVault } from '../../src/server.js'
import { createPerson } from '../helpers/person.js'
import { startRedis } from '../helpers/redis.js'

const redirectUri = 'https://app.example/mcp/callback'
const keys = [{ id: 'k1', secret: randomBytes(32).toString('base64') }]
let server: Awaited<ReturnType<typeof startMcpServer>>
let redis: Awaited<ReturnType<typeof startRedis>>
let client: Redis
const registrations = memoryRegistrations()

beforeAll(async () => {
  ;[server, redis] = await Promise.all([startMcpServer(), startRedis()])
  client = new Redis(redis.url)
})
afterAll(async () => {
  client?.disconnect()
  await Promise.all([server?.close(), redis?.stop()])
})

/** The agent of one request: nothing is kept in the process but the registration. */
function agentOf(user: string) {
  let page = ''
  const auth = createMcpAuth({
    url: server.url,
    user,
    redirectUri,
    userAgent: handOver((url) => {
      page = url
    }),
    vault: redisVault({ client, keys }),
    sessionStore: userSessions(redisSessions({ client, keys, prefix: 'mcp:' }), { user, url: server.url }),
    register: { clientName: 'Notes of the app' },
    registrations,
    insecure: allowInsecureLoopback,
  })
  return { auth, page: () => page }
}

/** @returns the callback URL */
async function signInPage(user: string): Promise<string> {
  const { auth, page } = agentOf(user)
  await expect(connectAgent(server.url, auth)).rejects.toMatchObject({ code: 'login_required' })
  expect(await auth.signIn()).toBeUndefined()
  return createPerson(user).travel(page(), redirectUri)
}

const whoami = async (user: string) => callTool(await connectAgent(server.url, agentOf(user).auth), 'whoami')

test('on a server, each user has tokens of their own in Redis, for all processes', async () => {
  const callbacks = [await signInPage('ada'), await signInPage('grace')]
  await agentOf('ada').auth.handleCallback({ url: `${callbacks[0]}` })
  await agentOf('grace').auth.handleCallback({ url: `${callbacks[1]}` })
  expect([await whoami('ada'), await whoami('grace')]).toEqual(['ada', 'grace'])
  await expect(whoami('mallory')).rejects.toMatchObject({ code: 'login_required' })
  const stored = await Promise.all(
    (await client.keys('mcp:*')).map(async (key) => JSON.stringify(await client.hgetall(key))),
  )
  expect(stored.length).toBeGreaterThanOrEqual(2)
  const token = await agentOf('ada').auth.getAccessToken()
  expect(stored.join()).not.toContain(token)

  await agentOf('ada').auth.signOut()
  await expect(whoami('ada')).rejects.toMatchObject({ code: 'login_required' })
  expect(await whoami('grace')).toBe('grace')
})

test("a link with another user's callback signs nobody in, and stays valid for its own user", async () => {
  const url = await signInPage('mallory')
  expect(
    await agentOf('victim')
      .auth.handleCallback({ url })
      .catch(({ code }) => code),
  ).toBe('other_client')
  await expect(whoami('victim')).rejects.toMatchObject({ code: 'login_required' })
  await agentOf('mallory').auth.handleCallback({ url })
  expect(await whoami('mallory')).toBe('mallory')
})
