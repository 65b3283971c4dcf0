import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventBody } from '../../src/events.js'
import { allowInsecureLoopback, ProofkeyError, type Session } from '../../src/index.js'
import { routesTo } from '../../src/session/api-fetch.js'
import { type Apis, checkApis } from '../../src/session/apis.js'
import { tokenName } from '../../src/session/session-record.js'
import { stepUp } from '../../src/session/step-up.js'
import { createTokenFetch, type TokenFetchOptions } from '../../src/session/token-fetch.js'
import { refusal } from '../helpers/refusal.js'
import { tokenNamed } from '../helpers/token-named.js'

interface Seen {
  readonly method: string | undefined
  readonly authorization: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
type Answer = { status: number; challenge?: string; body?: string }

/** Two real APIs, the second one not in the list unless a test says so. */
function createApi() {
  const seen: Seen[] = []
  let answer: (token: string) => Answer = () => ({ status: 200, body: 'yes' })
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { authorization } = request.headers
    seen.push({ method: request.method, authorization, headers: request.headers, body: `${Buffer.concat(chunks)}` })
    const { status, challenge, body } = answer(authorization?.replace('Bearer ', '') ?? '')
    response.writeHead(status, challenge ? { 'www-authenticate': challenge } : {}).end(body)
  })
  return {
    seen,
    setAnswer(next: typeof answer) {
      answer = next
    },
    async listen() {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}

const [api, other] = [createApi(), createApi()]
let origin: string
let otherOrigin: string
beforeAll(async () => {
  origin = await api.listen()
  otherOrigin = await other.listen()
})
afterAll(() => Promise.all([api.close(), other.close()]))

let events: EventBody[]
let asked: { name: string; rejected: string | undefined }[]
beforeEach(() => {
  for (const one of [api, other]) {
    one.seen.length = 0
    one.setAnswer(() => ({ status: 200, body: 'yes' }))
  }
  events = []
  asked = []
})

interface CreateOptions extends Partial<TokenFetchOptions> {
  readonly apis?: Apis
  readonly fetch?: typeof globalThis.fetch
}

/** Tokens are named after what was asked for, and numbered by how often one was refused. */
function create({ apis = { [origin]: {} }, fetch = globalThis.fetch, ...options }: CreateOptions = {}) {
  const count: Record<string, number> = {}
  const report = (event: EventBody) => void events.push(event)
  const all = {
    ...routesTo(apis, fetch, report),
    scheme: 'Bearer' as const,
    send: ({ copy }) => fetch(copy()),
    accessToken: async (wish, rejected) => {
      const name = tokenName(wish) || 'own'
      asked.push({ name, rejected })
      if (rejected) count[name] = (count[name] ?? 0) + 1
      return tokenNamed(`token-of-${name.replace(/\W/g, '')}-${count[name] ?? 0}`)
    },
    session: () => undefined,
    report,
    ...options,
  } satisfies TokenFetchOptions
  return createTokenFetch(all)
}

describe('the token goes', () => {
  it('to a listed origin, in the header, beside what the caller sends', async () => {
    const response = await create()(`${origin}/a?b=c`, {
      method: 'PUT',
      headers: { 'X-Own': '1', Authorization: 'Basic abc' },
      body: 'text',
    })
    expect(await response.text()).toBe('yes')
    expect(api.seen).toMatchObject([{ method: 'PUT', authorization: 'Bearer token-of-own-0', body: 'text' }])
    expect(api.seen[0]?.headers['x-own']).toBe('1')
  })

  it('with a URL and with a Request, whose headers stay', async () => {
    await create()(new URL(origin))
    await create()(new Request(origin, { headers: { 'x-own': '1' } }))
    await create()(new Request(origin, { headers: { 'x-own': '1' } }), { headers: { 'x-other': '2' } })
    expect(api.seen.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer token-of-own-0'))
    expect(api.seen.map(({ headers }) => [headers['x-own'], headers['x-other']])).toEqual([
      [undefined, undefined],
      ['1', undefined],
      // As fetch itself does it.
      [undefined, '2'],
    ])
  })

  it('nowhere else: another port, a look-alike, the list’s own prototype', async () => {
    await create()(`${otherOrigin}/a`, { headers: { 'x-own': '1' } })
    await create()(new Request(otherOrigin))
    expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined])
    expect(asked).toEqual([])
    const urls: string[] = []
    const fetch = create({
      apis: { 'https://api.example': {} },
      fetch: async (input) => {
        urls.push((input as Request).url)
        return new Response()
      },
    })
    for (const url of [
      'https://api.example.evil/',
      'http://api.example/',
      'https://evil.example/https://api.example',
      'blob:https://app.example/x',
      'blob:https://api.example/x',
      'data:,x',
    ]) {
      await fetch(url)
      expect(urls.at(-1)).toBe(url)
    }
    // As fetch refuses it.
    await expect(fetch('https://api.example@evil.example/')).rejects.toThrow(TypeError)
    expect(asked).toEqual([])
  })

  it('each to its own resource (RFC 8707): two APIs never see each other’s', async () => {
    const fetch = create({
      apis: {
        [origin]: { resource: 'https://one.example' },
        [otherOrigin]: { resource: 'https://two.example', scope: 'a' },
      },
    })
    await Promise.all([fetch(origin), fetch(otherOrigin), fetch(origin), fetch(otherOrigin)])
    expect(new Set(api.seen.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer token-of-resourcehttpsoneexample-0']),
    )
    expect(new Set(other.seen.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer token-of-resourcehttpstwoexamplescopea-0']),
    )
  })
})

describe('401', () => {
  const onlyNew = (token: string) => (token.endsWith('-0') ? { status: 401, body: 'no' } : { status: 200, body: 'yes' })

  it.each<[string, () => RequestInit]>([
    ['nothing', () => ({})],
    ['a text', () => ({ method: 'POST', body: 'the body' })],
    ['bytes', () => ({ method: 'POST', body: new TextEncoder().encode('the body') })],
    ['a blob', () => ({ method: 'POST', body: new Blob(['the body']) })],
    ['a form', () => ({ method: 'POST', body: formOf({ the: 'body' }) })],
    ['parameters', () => ({ method: 'POST', body: new URLSearchParams({ the: 'body' }) })],
  ])('is followed by one new token and one more request, with %s', async (_, init) => {
    api.setAnswer(onlyNew)
    const response = await create()(origin, init())
    expect(await response.text()).toBe('yes')
    expect(asked).toEqual([
      { name: 'own', rejected: undefined },
      { name: 'own', rejected: 'token-of-own-0' },
    ])
    expect(api.seen).toHaveLength(2)
    expect(api.seen[1]?.body).toBe(api.seen[0]?.body)
    expect(api.seen[1]?.headers['content-length']).toBe(api.seen[0]?.headers['content-length'])
  })

  it('to a Request with a body is repeated with it', async () => {
    api.setAnswer(onlyNew)
    const given = new Request(origin, { method: 'DELETE', body: 'the body' })
    expect((await create()(given)).status).toBe(200)
    expect(api.seen).toMatchObject(Array(2).fill({ method: 'DELETE', body: 'the body' }))
  })

  it('to a stream comes back, for it cannot be sent twice; the token is renewed all the same', async () => {
    api.setAnswer(onlyNew)
    const upload = { method: 'POST', body: streamOf('the body'), duplex: 'half' } as RequestInit
    const response = await create()(origin, upload)
    expect([response.status, await response.text()]).toEqual([401, 'no'])
    expect(api.seen).toMatchObject([{ body: 'the body' }])
    expect(asked.at(-1)).toEqual({ name: 'own', rejected: 'token-of-own-0' })
  })

  it('is given back where there is no other token', async () => {
    api.setAnswer(() => ({ status: 401, body: 'no' }))
    const response = await create({ accessToken: async () => tokenNamed('token-of-own-0') })(origin)
    expect([response.status, await response.text()]).toEqual([401, 'no'])
    expect(api.seen).toHaveLength(1)
  })

  it.each<[string, Partial<Session>, Partial<Session>]>([
    ['another person', { claims: claimsOf('ada') }, { claims: claimsOf('bob') }],
    ['a sign-in that names nobody, after another one', { startedAtMs: 1 }, { startedAtMs: 2 }],
  ])('is not followed by a request in the name of %s', async (_, before, after) => {
    let session = sessionWith(before)
    api.setAnswer(() => {
      session = sessionWith(after)
      return { status: 401 }
    })
    const error = await refusal(
      create({ session: () => session })(origin, { method: 'POST', body: 'from ada' }),
      'login_required',
    )
    expect(error.message).toMatch(/^Another/)
    expect(api.seen).toHaveLength(1)
  })

  it('is followed by one more request after a step-up of the same person', async () => {
    let session = sessionWith({ claims: claimsOf('ada'), startedAtMs: 1 })
    api.setAnswer((token) => {
      session = sessionWith({ claims: claimsOf('ada'), startedAtMs: 2 })
      return onlyNew(token)
    })
    expect((await create({ session: () => session })(origin)).status).toBe(200)
  })

  it('to a Request without a body is repeated', async () => {
    api.setAnswer(onlyNew)
    expect((await create()(new Request(origin))).status).toBe(200)
  })

  it('for a proof that was refused is given back: another token would not help', async () => {
    api.setAnswer(() => ({ status: 401, challenge: 'DPoP error="invalid_dpop_proof"', body: 'no' }))
    expect((await create()(origin)).status).toBe(401)
    expect(api.seen).toHaveLength(1)
  })

  it('that stays is given back: two requests, no third', async () => {
    api.setAnswer(() => ({ status: 401, challenge: 'Bearer error="invalid_token"', body: 'no' }))
    const response = await create()(origin)
    expect([response.status, await response.text()]).toEqual([401, 'no'])
    expect(api.seen).toHaveLength(2)
  })

  it('for ever costs one new token a minute, and none of another API', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    for (const one of [api, other]) one.setAnswer(() => ({ status: 401 }))
    const fetch = create({ apis: { [origin]: {}, [otherOrigin]: {} } })
    const renewals = () => asked.filter(({ rejected }) => rejected).length
    for (let time = 0; time < 5; time++) expect((await fetch(origin)).status).toBe(401)
    expect(renewals()).toBe(1)
    await fetch(otherOrigin)
    expect(renewals()).toBe(2)
    vi.setSystemTime(Date.now() + 60_000)
    for (let time = 0; time < 5; time++) await fetch(origin)
    expect(renewals()).toBe(3)
    vi.useRealTimers()
  })

  it('again after a new token was taken is followed by another one', async () => {
    let good = 'token-of-own-1'
    api.setAnswer((token) => ({ status: token === good ? 200 : 401 }))
    const fetch = create()
    expect((await fetch(origin)).status).toBe(200)
    good = 'token-of-own-2'
    expect((await fetch(origin)).status).toBe(200)
  })
})

it('begins nothing in the name of another person who signs in before there is a token', async () => {
  let session = sessionWith({ claims: claimsOf('ada') })
  const fetch = create({
    session: () => session,
    accessToken: async () => {
      session = sessionWith({ claims: claimsOf('bob') })
      return tokenNamed('token-of-bob')
    },
  })
  await refusal(fetch(origin), 'login_required')
  expect(api.seen).toEqual([])
})

it('another status is given back, whatever its challenge says', async () => {
  api.setAnswer(() => ({ status: 200, challenge: 'Bearer error="insufficient_scope"', body: 'yes' }))
  expect(await (await create()(origin)).text()).toBe('yes')
  expect(events).toEqual([])
})

describe('403', () => {
  it('without a challenge is given back', async () => {
    api.setAnswer(() => ({ status: 403, body: 'no' }))
    expect((await create()(origin)).status).toBe(403)
    expect(api.seen).toHaveLength(1)
    expect(events).toEqual([])
  })

  it('insufficient_scope fails with the scope to ask for', async () => {
    api.setAnswer(() => ({ status: 403, challenge: 'Bearer error="insufficient_scope", scope="orders:read"' }))
    const error = await refusal(create()(origin), 'insufficient_scope')
    expect(error.requirements).toEqual({ scope: 'orders:read' })
    expect(error.message).toBe('The API requires more scope: orders:read.')
    expect(events).toEqual([{ type: 'step_up_required', endpoint: origin, error: 'insufficient_scope' }])
  })

  it('insufficient_scope for what is granted already goes round no circle', async () => {
    const accessToken = async () => tokenNamed('token-of-own-0', 'openid orders:read orders')
    api.setAnswer(() => ({ status: 403, challenge: 'Bearer error="insufficient_scope", scope="orders:read openid"' }))
    await refusal(create({ accessToken })(origin), 'step_up_failed')
    api.setAnswer(() => ({ status: 403, challenge: 'Bearer error="insufficient_scope", scope="orders:read order"' }))
    await refusal(create({ accessToken })(origin), 'insufficient_scope')
  })

  it.each(['not_insufficient_scope', 'insufficient_scope.x', 'insufficient_', `insufficient_${'x'.repeat(41)}`])(
    '%s is no demand of the standard, and not reported',
    async (name) => {
      api.setAnswer(() => ({ status: 403, challenge: `Bearer error="${name}"` }))
      expect((await create()(origin)).status).toBe(403)
      expect(events).toEqual([])
    },
  )

  it('without a scope still says so', async () => {
    api.setAnswer(() => ({ status: 403, challenge: 'Bearer error="insufficient_scope"' }))
    const error = await refusal(create()(origin), 'insufficient_scope')
    expect(error.message).toBe('The API requires more scope.')
  })

  it('from a hostile API gives neither the token nor control characters nor a long text', async () => {
    api.setAnswer((token) => ({
      status: 403,
      challenge: `Bearer error="insufficient_scope", scope="${token}\u0080\u009b ${'x'.repeat(3000)}"`,
    }))
    const error = await refusal(create()(origin), 'insufficient_scope')
    for (const text of [error.message, error.requirements?.scope ?? '', JSON.stringify(events)]) {
      expect(text).not.toContain('token-of-own')
      expect(text).toMatch(/^[\x20-\x7e…]*$/)
      expect(text.length).toBeLessThan(300)
    }
  })

  it('of an error that is none of ours reports nothing of it', async () => {
    api.setAnswer((token) => ({ status: 403, challenge: `Bearer error="insufficient_${token} x"` }))
    await create()(origin)
    expect(events).toEqual([])
  })
})

describe('a demand for a stronger sign-in', () => {
  const challenge = 'Bearer error="insufficient_user_authentication", acr_values="high"'

  it('is judged before anything is refreshed', async () => {
    api.setAnswer(() => ({ status: 401, challenge }))
    const error = await refusal(create({ check: stepUp })(origin), 'step_up_required')
    expect(error.requirements).toMatchObject({ acrValues: 'high' })
    expect(asked).toHaveLength(1)
  })

  it('from an origin that is not in the list is only reported', async () => {
    other.setAnswer(() => ({ status: 401, challenge }))
    const response = await create({ check: stepUp })(otherOrigin)
    expect(response.status).toBe(401)
    expect(events).toEqual([{ type: 'api_not_listed', origin: otherOrigin, similar: origin }])
  })
})

describe('an origin that may be missing in the list is reported once', () => {
  const unauthorized = async () => new Response(null, { status: 401 })
  const apis = { 'https://api.example': {} }

  it.each([
    ['another scheme', 'http://api.example', 'https://api.example'],
    ['another port', 'https://api.example:8443', 'https://api.example'],
    ['a dot at the end', 'https://api.example.', 'https://api.example'],
    ['a 401 of another host', 'https://other.example', undefined],
  ])('%s', async (_, origin, similar) => {
    const fetch = create({ apis, fetch: unauthorized })
    for (const path of ['/a', '/b']) await fetch(origin + path)
    expect(events).toEqual([{ type: 'api_not_listed', origin, similar }])
  })

  it('also where CORS hides its answer', async () => {
    const fetch = create({ apis, fetch: () => Promise.reject(new TypeError('Failed to fetch')) })
    await expect(fetch('http://api.example/a')).rejects.toThrow(TypeError)
    expect(events).toHaveLength(1)
  })

  it.each<[string, string, RequestInit, number]>([
    ['of another host', 'https://other.example', {}, 200],
    ['that has credentials of its own', 'https://other.example', { headers: { authorization: 'Basic abc' } }, 401],
    ['to an API of the list', 'https://API.example:443', {}, 401],
  ])('but not a request %s, answered %4$i', async (_, url, init, status) => {
    await create({ apis, fetch: async () => new Response(null, { status }) })(url, init)
    expect(events).toEqual([])
  })
})

it('hands a caller’s signal to the token and to the request', async () => {
  const stop = new AbortController()
  const signals: unknown[] = []
  const fetch = create({
    accessToken: async ({ signal }) => {
      signals.push(signal)
      return tokenNamed('token-of-own')
    },
  })
  stop.abort('enough')
  await expect(fetch(origin, { signal: stop.signal })).rejects.toBe('enough')
  expect(signals).toMatchObject([{ aborted: true, reason: 'enough' }])
  expect(api.seen).toEqual([])
})

it('fails by a caller’s own reason while it waits for a token, as fetch does', async () => {
  const stop = new AbortController()
  const fetch = create({
    accessToken: async ({ signal }) => {
      stop.abort('enough')
      throw new ProofkeyError('aborted', 'The sign-in was aborted.', '', { cause: signal?.reason })
    },
  })
  await expect(fetch(origin, { signal: stop.signal })).rejects.toBe('enough')
})

it('streams an answer through, as it comes', async () => {
  api.setAnswer(() => ({ status: 200, body: 'x'.repeat(500_000) }))
  const response = await create()(origin)
  let size = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) size += chunk.length
  expect(size).toBe(500_000)
})

describe('checkApis', () => {
  it.each(['https://api.example', 'https://api.example:8443'])('takes %s', (api) => {
    expect(() => checkApis({ [api]: {} }, undefined)).not.toThrow()
    expect(() => checkApis({ [api]: { scope: undefined, resource: 'x' } }, undefined)).not.toThrow()
  })

  it.each(['https://api.example/', 'https://api.example/v1', 'http://api.example', 'api.example', 'null', '*', ''])(
    'refuses %o',
    async (api) => {
      await refusal(() => checkApis({ [api]: {} }, undefined), 'config_invalid')
    },
  )

  it('takes http on loopback with the switch only', async () => {
    const apis = { 'http://localhost:3000': {} }
    await refusal(() => checkApis(apis, undefined), 'config_invalid')
    expect(() => checkApis(apis, allowInsecureLoopback)).not.toThrow()
    await refusal(() => checkApis({ 'http://api.example': {} }, allowInsecureLoopback), 'config_invalid')
  })
})

const claimsOf = (sub: string) => ({ iss: '', aud: '', sub, iat: 0, exp: 0 })

function sessionWith(more: Partial<Session>): Session {
  return { claims: undefined, scope: '', expiresAtMs: undefined, startedAtMs: 0, ...more }
}

function formOf(fields: Record<string, string>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return form
}

function streamOf(text: string): ReadableStream {
  return new Blob([text]).stream()
}
