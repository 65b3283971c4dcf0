import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  clientSecretBasic,
  createServerClient,
  type LogoutToken,
  memoryReplayCache,
  memoryVault,
  ProofkeyError,
  type ProofkeyEvent,
  type RedisClient,
  redisReplayCache,
  type ServerClientConfig,
} from '../../src/server.js'
import { redisSender } from '../../src/vault/redis-client.js'
import { createLogoutServer } from '../helpers/logout-server.js'
import { startRedis } from '../helpers/redis.js'
import { refusal } from '../helpers/refusal.js'
import { createSigner } from '../helpers/signer.js'
import { until } from '../helpers/until.js'
import { whileFrozen } from '../helpers/while-frozen.js'

afterEach(() => {
  vi.useRealTimers()
})

function createApp(config: Partial<ServerClientConfig> = {}) {
  const server = createLogoutServer()
  const events: ProofkeyEvent[] = []
  const ended: LogoutToken[] = []
  const open = (more: Partial<ServerClientConfig> = {}) => {
    const client = createServerClient({
      issuer: server.issuer,
      clientId: 'web',
      redirectUri: 'https://app.example/callback',
      clientAuth: clientSecretBasic('s3cret'),
      vault: memoryVault({ maxRecords: 100 }),
      metadata: server.metadata,
      fetch: server.fetch as typeof fetch,
      ...config,
      ...more,
    })
    client.subscribe((event) => events.push(event))
    return client
  }
  const client = open()
  const told = () => events.filter(({ type }) => /^back_channel_logout(_failed)?$/.test(type))
  return {
    server,
    client,
    open,
    ended,
    events,
    told,
    end: async (logout: LogoutToken) => void ended.push(logout),
    post: (token: string, by = client) =>
      by.handleBackChannelLogout(posted({ logout_token: token }), async (logout) => void ended.push(logout)),
  }
}

const posted = (fields: Record<string, string> | string[][] | string, init: RequestInit = {}) =>
  new Request('https://app.example/back-channel-logout', { method: 'POST', body: new URLSearchParams(fields), ...init })

async function refused(response: Response, why: RegExp) {
  expect(response.status).toBe(400)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const body = await response.json()
  expect(body).toEqual({ error: 'invalid_request', error_description: expect.stringMatching(why) })
  // RFC 6749 §5.2
  expect(body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
}

describe('a back-channel logout', () => {
  it('ends the session it names, and says so', async () => {
    const app = createApp()
    const response = await app.post(app.server.token({ jti: 'j1' }))
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe('')
    expect(app.ended).toEqual([
      expect.objectContaining({ issuer: app.server.issuer, subject: 'ada', sessionId: 's1', jti: 'j1' }),
    ])
    expect(app.told()).toEqual([expect.objectContaining({ type: 'back_channel_logout', ends: 'session' })])
  })

  it('of a subject is told apart from one of a session', async () => {
    const app = createApp()
    expect((await app.post(app.server.token({ sid: undefined }))).status).toBe(200)
    expect(app.told()).toEqual([expect.objectContaining({ ends: 'all_sessions' })])
  })

  it('answers when the sessions have ended, not before', async () => {
    const app = createApp()
    let done = false
    const response = await app.client.handleBackChannelLogout(
      posted({ logout_token: app.server.token() }),
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        done = true
      },
    )
    expect([response.status, done]).toEqual([200, true])
  })

  it('takes other fields beside the token', async () => {
    const app = createApp()
    const request = posted({ logout_token: app.server.token(), other: 'x' })
    expect((await app.client.handleBackChannelLogout(request, app.end)).status).toBe(200)
  })
})

describe('no session ends for', () => {
  const cases: [string, (token: string) => Request, RegExp][] = [
    ['a GET', (token) => new Request(`https://app.example/?logout_token=${token}`), /was sent with method/],
    ['a PUT', (token) => posted({ logout_token: token }, { method: 'PUT' }), /was sent with method/],
    [
      'a JSON body',
      (token) =>
        posted({}, { body: JSON.stringify({ logout_token: token }), headers: { 'content-type': 'application/json' } }),
      /form-urlencoded/,
    ],
    [
      'a token in the URL',
      (token) =>
        new Request(`https://app.example/?logout_token=${token}`, {
          method: 'POST',
          body: new URLSearchParams({ a: 'b' }),
        }),
      /no logout_token/,
    ],
    [
      'two tokens',
      (token) =>
        posted([
          ['logout_token', token],
          ['logout_token', token],
        ]),
      /more than one/,
    ],
    ['an empty token', () => posted({ logout_token: '' }), /no logout_token/],
    ['no token', () => posted({ id_token: 'x' }), /no logout_token/],
    ['a body over 64 kB', (token) => posted({ logout_token: token, more: 'x'.repeat(70_000) }), /65536/],
    ['a token that is none', () => posted({ logout_token: 'x.y.z' }), /not a signed JWT/],
  ]
  it.each(cases)('%s', async (_, request, why) => {
    const app = createApp()
    await refused(await app.client.handleBackChannelLogout(request(app.server.token()), app.end), why)
    expect(app.ended).toEqual([])
    expect(app.told()).toEqual([
      expect.objectContaining({
        type: 'back_channel_logout_failed',
        code: expect.stringMatching(/callback_malformed|logout_token_invalid/),
      }),
    ])
    expect((await app.post(app.server.token())).status).toBe(200)
  })

  it.each<[string, object, RegExp]>([
    ['another client', { aud: 'other' }, /aud/],
    ['another issuer', { iss: 'https://evil.example' }, /iss/],
    ['nobody', { sub: undefined, sid: undefined }, /sub or sid/],
    ['an ID token', { events: undefined, nonce: 'n' }, /events/],
    ['a nonce', { nonce: 'n' }, /nonce/],
  ])('a token for %s', async (_, claims, why) => {
    const app = createApp()
    await refused(await app.post(app.server.token(claims)), why)
    expect(app.ended).toEqual([])
    expect(app.told()).toEqual([expect.objectContaining({ code: 'logout_token_invalid' })])
  })

  it('a forged token', async () => {
    const app = createApp()
    await refused(await app.post(app.server.token({}, {}, createSigner('RS256', 'k1'))), /signature/)
    expect(app.ended).toEqual([])
  })

  it('a server whose keys are out of reach; then they are not, and it does', async () => {
    const app = createApp()
    const token = app.server.token()
    app.server.answer = () => {
      throw new TypeError('fetch failed')
    }
    await refused(await app.post(token), /did not respond/)
    expect(app.told()).toEqual([expect.objectContaining({ code: 'network_error' })])
    app.server.answer = undefined
    expect((await app.post(token)).status).toBe(200)
  })
})

describe('a logout token', () => {
  it('counts once', async () => {
    const app = createApp()
    const token = app.server.token()
    expect((await app.post(token)).status).toBe(200)
    await refused(await app.post(token), /used before/)
    expect(app.ended).toHaveLength(1)
    expect(app.told().at(-1)).toMatchObject({ type: 'back_channel_logout_failed', code: 'logout_token_invalid' })
    expect((await app.post(app.server.token())).status).toBe(200)
  })

  it('counts once of twenty at the same time', async () => {
    const app = createApp()
    const token = app.server.token()
    const responses = await Promise.all(Array.from({ length: 20 }, () => app.post(token)))
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(app.ended).toHaveLength(1)
  })

  it('counts once as long as it would be taken', async () => {
    const app = createApp()
    const token = app.server.token()
    await app.post(token)
    vi.useFakeTimers({ toFake: ['Date'] })
    for (const seconds of [60, 60, 60, 60, 60, 60, 55]) {
      vi.setSystemTime(Date.now() + seconds * 1000)
      await refused(await app.post(token), /used before/)
    }
    vi.setSystemTime(Date.now() + 20_000)
    await refused(await app.post(token), /(iat|exp) is wrong/)
    expect(app.ended).toHaveLength(1)
  })

  it('may come again where the sessions could not be ended', async () => {
    const app = createApp()
    const token = app.server.token()
    for (const fail of [
      async () => {
        throw new Error('the database, with sub ada')
      },
      () => {
        throw new Error('at once')
      },
      // As the client's own `revoke` throws it, which §2.7 wants called.
      async () => {
        throw new ProofkeyError('token_request_refused', 'The server did not revoke the token of ada.')
      },
    ])
      await refused(
        await app.client.handleBackChannelLogout(posted({ logout_token: token }), fail),
        /could not be ended/,
      )
    expect(app.told().map((event) => 'code' in event && event.code)).toEqual(['unexpected', 'unexpected', 'unexpected'])
    expect((await app.post(token)).status).toBe(200)
    expect(app.ended).toHaveLength(1)
  })

  it('counts once on two servers that share a Redis, and in it lies no name', async () => {
    const redis = await startRedis()
    const connections = [1, 2].map(() => new Redis(redis.port, '127.0.0.1'))
    try {
      const app = createApp()
      const [a, b] = connections.map((client) => app.open({ replayCache: redisReplayCache({ client }) }))
      const token = app.server.token({ jti: 'the-name-of-it' })
      const statuses = await Promise.all(
        [app.post(token, a), app.post(token, b)].map(async (done) => (await done).status),
      )
      expect(statuses.sort()).toEqual([200, 400])
      expect(app.ended).toHaveLength(1)
      const keys = await connections[0]!.keys('*')
      expect(keys).toEqual([expect.stringMatching(/^proofkey:used:[\w-]{43}$/)])
    } finally {
      for (const connection of connections) connection.disconnect()
      await redis.stop()
    }
  })

  it('of one client is not in the way of another’s with the same jti', async () => {
    const app = createApp()
    const replayCache = memoryReplayCache()
    const [web, shop] = [app.open({ replayCache }), app.open({ replayCache, clientId: 'shop' })]
    expect((await app.post(app.server.token({ jti: 'j' }), web)).status).toBe(200)
    expect((await app.post(app.server.token({ jti: 'j', aud: 'shop' }), shop)).status).toBe(200)
    expect((await app.post(app.server.token({ jti: 'j' }), web)).status).toBe(400)
  })
})

describe('a logout whose outcome is not known', () => {
  const LIBRARIES: Record<string, (port: number) => Promise<{ client: RedisClient; close(): void }>> = {
    async redis(port) {
      const client = createClient({ url: `redis://127.0.0.1:${port}` })
      client.on('error', () => {})
      await client.connect()
      return { client, close: () => client.destroy() }
    },
    async ioredis(port) {
      const client = new Redis(port, '127.0.0.1', { lazyConnect: true })
      client.on('error', () => {})
      await client.connect()
      return { client, close: () => client.disconnect() }
    },
  }

  let redis: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  describe.each(Object.entries(LIBRARIES))('over %s', (_, connect) => {
    let connection: Awaited<ReturnType<typeof connect>>
    let operator: Redis
    beforeEach(async () => {
      connection = await connect(redis.port)
      operator = new Redis(redis.port, '127.0.0.1')
    })
    afterEach(async () => {
      await operator.flushall()
      operator.disconnect()
      connection.close()
    })

    it('is not lost: a claim that timed out and ran late does not use the token up', async () => {
      const cache = redisReplayCache({ client: connection.client })
      const app = createApp({ replayCache: cache })
      const token = app.server.token()
      await refused(await whileFrozen(redis, () => app.post(token)), /Redis/)
      expect(app.ended).toEqual([])
      // The server sends it again.
      expect((await app.post(token)).status).toBe(200)
      expect(app.ended).toHaveLength(1)
      await refused(await app.post(token), /used before/)
    })

    it('is lost where a claim is for good, which is what the lease is for', async () => {
      const send = redisSender(connection.client)
      const claim = () => send('k', 'SET', 'k', '1', 'NX', 'PX', '60000')
      await whileFrozen(redis, () => refusal(claim(), 'storage_unavailable'))
      expect(await claim()).toBeUndefined()
    })

    it('waits for the lease where even the release is lost', async () => {
      const cache = redisReplayCache({ client: connection.client })
      const app = createApp({ replayCache: { ...cache, release: async () => Promise.reject(new Error('lost')) } })
      const token = app.server.token()
      await refused(await whileFrozen(redis, () => app.post(token)), /Redis/)
      await refused(await app.post(token), /being handled/)
      // The lease, sooner than it ends by itself.
      const [key = ''] = await operator.keys('*')
      expect(await operator.pttl(key)).toBeGreaterThan(0)
      await operator.pexpire(key, 1)
      await until(async () => !(await operator.exists(key)))
      expect((await app.post(token)).status).toBe(200)
      expect(app.ended).toHaveLength(1)
    })
  })

  it('is done, and said to be, where Redis goes away before it could note that', async () => {
    const own = await startRedis()
    const client = new Redis(own.port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => null })
    client.on('error', () => {})
    try {
      const app = createApp({ replayCache: redisReplayCache({ client }) })
      const response = await app.client.handleBackChannelLogout(posted({ logout_token: app.server.token() }), () =>
        own.stop(),
      )
      expect(response.status).toBe(200)
      expect(app.events.map(({ type }) => type).slice(-2)).toEqual(['replay_cache_failed', 'back_channel_logout'])
      expect(app.events.at(-2)).toMatchObject({ code: 'storage_unavailable' })
    } finally {
      client.disconnect()
      await own.stop()
    }
  })

  it('may be tried again after 60 seconds where the attempt hangs, and not before', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const app = createApp()
    const token = app.server.token()
    let finish: (() => void) | undefined
    const hanging = app.client.handleBackChannelLogout(
      posted({ logout_token: token }),
      () => new Promise<void>((resolve) => (finish = resolve)),
    )
    await until(() => finish)
    await refused(await app.post(token), /being handled/)
    vi.setSystemTime(Date.now() + 59_000)
    await refused(await app.post(token), /being handled/)
    vi.setSystemTime(Date.now() + 2000)
    expect((await app.post(token)).status).toBe(200)
    finish?.()
    expect((await hanging).status).toBe(200)
    await refused(await app.post(token), /used before/)
  })
})

describe('the server’s keys', () => {
  it('are fetched once for many tokens, and again after a rotation', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const app = createApp()
    for (let time = 0; time < 5; time++) expect((await app.post(app.server.token())).status).toBe(200)
    expect(app.server.requests).toHaveLength(1)
    const next = createSigner('RS256', 'k2')
    app.server.keys = [next.jwk]
    await refused(await app.post(app.server.token({}, {}, next)), /has no key for it/)
    vi.advanceTimersByTime(60_000)
    expect((await app.post(app.server.token({}, {}, next))).status).toBe(200)
    expect(app.server.requests).toHaveLength(2)
  })

  it('are not asked for again and again by made-up ones', async () => {
    const app = createApp()
    for (let time = 0; time < 20; time++)
      await refused(await app.post(app.server.token({}, { kid: `made up ${time}` })), /has no key for it/)
    expect(app.server.requests).toHaveLength(1)
  })

  it('are asked for a bounded number of times by 50 made-up ones while they cannot be had', async () => {
    const app = createApp()
    app.server.answer = () => new Response(null, { status: 503 })
    for (let time = 0; time < 50; time++)
      await refused(await app.post(app.server.token({}, { kid: `made up ${time}` })), /503/)
    expect(app.server.requests.length).toBeLessThanOrEqual(2)
    expect(app.events.filter(({ type }) => type === 'keys_failed')).toMatchObject([{ stale: false }, { stale: false }])
  })

  it('and the metadata outlast an outage: logout goes on', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const app = createApp({ metadata: undefined })
    let up = true
    const { server } = app
    server.answer = () => {
      if (!up) throw new TypeError('fetch failed')
      return server.requests.at(-1)?.endsWith('jwks')
        ? Response.json({ keys: server.keys })
        : Response.json(server.metadata)
    }
    expect((await app.post(server.token())).status).toBe(200)
    up = false
    vi.advanceTimersByTime(3_600_000)
    expect((await app.post(server.token())).status).toBe(200)
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'metadata_failed', stale: true }))
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'keys_failed', stale: true }))
    // Not for ever: an hour after their lifetime nobody vouches for these keys.
    vi.advanceTimersByTime(400_000)
    expect((await app.post(server.token())).status).toBe(400)
  })
})

it('no event and no answer holds a name or the token', async () => {
  const app = createApp()
  const named = { sub: 'ada-lovelace', sid: 'session-17', jti: 'token-17' }
  const tokens = [named, { ...named, jti: 'token-18', aud: 'other' }, named].map((claims) => app.server.token(claims))
  const answers: unknown[] = []
  for (const token of tokens) answers.push(await (await app.post(token)).text())
  const everything = inspect([app.events, answers], { depth: null, maxStringLength: null })
  expect(app.told()).toHaveLength(3)
  for (const secret of [
    'ada-lovelace',
    'session-17',
    'token-17',
    'token-18',
    ...tokens,
    ...tokens.map((token) => token.split('.')[2]!),
  ])
    expect(everything).not.toContain(secret)
})

it.each([{}, { claim: async () => true, release: async () => {} }])(
  'wants a replay cache that is one',
  async (replayCache) => {
    await refusal(() => createApp({ replayCache: replayCache as never }), 'config_invalid')
  },
)
