import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DevicePrompt, type DeviceSignInOptions, signInOnDevice } from '../../../src/node.js'
import {
  allowInsecureLoopback,
  checkIdTokenSignature,
  clientSecretBasic,
  type ErrorCode,
  type ServerMetadata,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { createServer, type Faults } from '../../helpers/server.js'
import { until } from '../../helpers/until.js'

const DEVICE_CODE = 'GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS'
const USER_CODE = 'WDJB-MJHT'
const ANSWER = {
  device_code: DEVICE_CODE,
  user_code: USER_CODE,
  verification_uri: 'https://as.example/device',
  verification_uri_complete: 'https://as.example/device?user_code=WDJB-MJHT',
  expires_in: 1800,
}

const oauthError = (error: string, error_description?: string) =>
  Response.json({ error, error_description }, { status: 400 })
const pending = () => oauthError('authorization_pending')
const slowDown = () => oauthError('slow_down')
const offline = () => {
  throw new TypeError('fetch failed')
}
type Reply = (body: URLSearchParams) => Response | Promise<Response>

/**
 * The server of the other tests, with a device endpoint: each poll gets the next reply, and after the last one the
 * tokens. `polledAt` are the seconds since the code was given.
 */
function createDeviceServer(replies: Reply[] = [], faults: Faults = {}, answer: object = ANSWER) {
  const server = createServer({
    ...faults,
    metadata: { device_authorization_endpoint: 'https://as.example/device/code', ...faults.metadata },
  })
  const asked: { url: string; body: URLSearchParams; headers: Headers }[] = []
  const polledAt: number[] = []
  let startedAtMs = 0
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const url = String(input)
    const body = new URLSearchParams(init.body as URLSearchParams)
    if (init.signal?.aborted) throw init.signal.reason
    if (url.endsWith('/device/code')) {
      asked.push({ url, body, headers: new Headers(init.headers) })
      startedAtMs = Date.now()
      return answer instanceof Response ? answer.clone() : Response.json(answer)
    }
    if (url !== server.metadata.token_endpoint) return server.fetch(input, init)
    asked.push({ url, body, headers: new Headers(init.headers) })
    polledAt.push((Date.now() - startedAtMs) / 1000)
    const reply = replies.shift()
    if (reply) return reply(body)
    // The tokens of a code that was just given to this client.
    const verifier = 'v'.repeat(43)
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier)))
    const of = { client_id: 'tv', redirect_uri: 'x:' }
    const code_challenge = digest.toString('base64url')
    const scope = asked[0]?.body.get('scope') ?? ''
    const asking = { ...of, response_type: 'code', scope, code_challenge, code_challenge_method: 'S256' }
    const callback = await server.visit(`https://as.example/authorize?${new URLSearchParams(asking)}`)
    const code = callback.searchParams.get('code') ?? ''
    const traded = { ...of, grant_type: 'authorization_code', code, code_verifier: verifier }
    return server.fetch(url, { method: 'POST', body: new URLSearchParams(traded) })
  }
  return { ...server, fetch, asked, polledAt }
}

const prompts: DevicePrompt[] = []
const start = (server: ReturnType<typeof createDeviceServer>, options: Partial<DeviceSignInOptions> = {}) => {
  const work = signInOnDevice({
    issuer: server.issuer,
    clientId: 'tv',
    fetch: server.fetch,
    onPrompt: (prompt) => void prompts.push(prompt),
    ...options,
  })
  work.catch(() => {})
  return work
}

beforeEach(() => {
  prompts.length = 0
  vi.useFakeTimers({ now: 1_800_000_000_000 })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

/** ID tokens come where the claims are given. */
const claims = { nonce: undefined }

describe('a sign-in on a device', () => {
  it('asks for a code, shows it, and asks for the tokens until the person has decided', async () => {
    const server = createDeviceServer([pending, pending], { claims })
    const grant = start(server, {
      scope: 'openid profile',
      resource: ['https://a.example/', 'https://b.example/'],
      acrValues: 'phr',
      signature: checkIdTokenSignature,
    })
    server.faults.claims = { nonce: undefined, acr: 'phr' }
    await pass(15)
    const { tokens, claims: checked } = await grant
    expect(checked?.sub).toBe('ada')
    expect(tokens).toMatchObject({ tokenType: 'bearer', scope: 'openid profile' })
    expect(prompts).toEqual([
      {
        userCode: USER_CODE,
        verificationUri: 'https://as.example/device',
        verificationUriComplete: 'https://as.example/device?user_code=WDJB-MJHT',
        expiresAtMs: 1_800_000_000_000 + 1_800_000,
      },
    ])
    expect(server.polledAt).toEqual([5, 10, 15])
    const [first, ...polls] = server.asked
    expect([...first!.body]).toEqual([
      ['scope', 'openid profile'],
      ['acr_values', 'phr'],
      ['resource', 'https://a.example/'],
      ['resource', 'https://b.example/'],
      ['client_id', 'tv'],
    ])
    for (const { body } of polls) {
      expect([...body]).toEqual([
        ['grant_type', 'urn:ietf:params:oauth:grant-type:device_code'],
        ['device_code', DEVICE_CODE],
        ['resource', 'https://a.example/'],
        ['client_id', 'tv'],
      ])
    }
    // The keys are fetched for an ID token, not for every question.
    expect(server.requests.filter(({ url }) => url.endsWith('/jwks'))).toHaveLength(1)
  })

  it('needs no ID token without openid', async () => {
    const grant = start(createDeviceServer(), { scope: 'orders:read' })
    await pass(5)
    await expect(grant).resolves.toMatchObject({ claims: undefined, tokens: { scope: 'orders:read' } })
  })

  it('shows no complete URL where there is none', async () => {
    const grant = start(createDeviceServer([], {}, { ...ANSWER, verification_uri_complete: undefined }))
    await pass(5)
    await grant
    expect(prompts[0]).toHaveProperty('verificationUriComplete', undefined)
  })

  it.each<[string, object]>([
    ['in its place', { verification_uri: undefined, verification_url: ANSWER.verification_uri }],
    ['where that is null', { verification_uri: null, verification_url: ANSWER.verification_uri }],
    ['but not before it', { verification_url: 'https://other.example/' }],
  ])('takes verification_url for verification_uri %s', async (_, more) => {
    const answer = { ...ANSWER, verification_uri_complete: null, interval: null, ...more }
    const grant = start(createDeviceServer([], {}, answer))
    await pass(5)
    await grant
    expect(prompts).toMatchObject([{ verificationUri: ANSWER.verification_uri, verificationUriComplete: undefined }])
  })

  it('proves the client in both requests', async () => {
    const server = createDeviceServer()
    const grant = start(server, { clientAuth: clientSecretBasic('secret') })
    await pass(5)
    await grant
    const authorization = `Basic ${btoa('tv:secret')}`
    expect(server.asked.map(({ headers }) => headers.get('authorization'))).toEqual([authorization, authorization])
  })

  it('takes metadata by hand, and errors with status 200 as they come', async () => {
    const server = createDeviceServer([() => Response.json({ error: 'authorization_pending' })])
    const grant = start(server, { metadata: { ...server.metadata, authorization_endpoint: undefined } as never })
    await pass(10)
    await grant
    expect(server.requests.map(({ url }) => url)).not.toContain('https://as.example/.well-known/openid-configuration')
  })

  it('does not wait for what shows the code: a dialog may stay open', async () => {
    const server = createDeviceServer([pending])
    let close = (_: Error) => {}
    const grant = start(server, { onPrompt: () => new Promise<void>((_, fail) => (close = fail)) })
    await pass(10)
    await expect(grant).resolves.toHaveProperty('tokens.accessToken')
    close(new Error('Nobody looks any more.'))
    await pass(60)
    expect(server.polledAt).toEqual([5, 10])
  })
})

describe('it asks', () => {
  it.each<[string, Reply[], object, number[]]>([
    ['every 5 s', [pending, pending, pending], {}, [5, 10, 15, 20]],
    ['as often as the server says', [pending, pending], { interval: 1 }, [1, 2, 3]],
    ['as seldom as the server says', [pending, pending], { interval: 30 }, [30, 60, 90]],
    [
      '5 s later for good after each slow_down',
      [pending, slowDown, pending, slowDown, pending],
      {},
      [5, 10, 20, 30, 45, 60],
    ],
    [
      'less and less often while nobody answers, and then as before',
      [offline, offline, offline, pending],
      {},
      [5, 15, 35, 75, 80],
    ],
    ['less often after a 503', [() => new Response('', { status: 503 }), pending], {}, [5, 15, 20]],
    ['less often after a 429', [() => new Response('', { status: 429 }), pending], {}, [5, 15, 20]],
    ['16 times as seldom at most', Array(7).fill(offline), {}, [5, 15, 35, 75, 155, 235, 315, 395]],
  ])('%s', async (_, replies, change, expected) => {
    const server = createDeviceServer(replies, {}, { ...ANSWER, ...change })
    const grant = start(server)
    await pass(600)
    await grant
    expect(server.polledAt).toEqual(expected)
  })

  it('again after a request that took too long', async () => {
    const server = createDeviceServer()
    const { fetch } = server
    let polls = 0
    const slow: typeof fetch = (input, init) =>
      String(input).endsWith('/token') && polls++ === 0
        ? new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
        : fetch(input, init)
    const grant = start(server, { fetch: slow, timeoutSeconds: 0.05 })
    await pass(5)
    // The deadline of a request is the platform's own.
    await until(() => vi.getTimerCount() > 0)
    await pass(10)
    await grant
    expect(polls).toBe(2)
  })

  it('never sooner than it may, and never after the code has expired, whatever the server answers', async () => {
    const kinds: Record<string, Reply> = { pending, slowDown, offline, broken: () => new Response('', { status: 500 }) }
    const script = fc.array(fc.constantFrom(...Object.keys(kinds)), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(
        script,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 900 }),
        async (names, interval, lifetime) => {
          const server = createDeviceServer(
            names.map((name) => kinds[name]!),
            {},
            { ...ANSWER, interval, expires_in: lifetime },
          )
          const grant = start(server)
          await pass(lifetime)
          // Nobody is kept waiting past the end: no more time passes here.
          const outcome = await grant.then(
            () => 'granted',
            ({ code }) => code,
          )
          expect(outcome).toBe(server.polledAt.length > names.length ? 'granted' : 'expired')
          let least = interval
          server.polledAt.forEach((at, index) => {
            expect(at).toBeLessThan(lifetime)
            const before = names[index - 1]
            if (before === 'slowDown') least += 5
            const gap = at - (server.polledAt[index - 1] ?? 0)
            // Without an answer, at least twice the interval (§3.5); and no answer delays it more than 16 times.
            expect(gap).toBeGreaterThanOrEqual(before === 'offline' || before === 'broken' ? 2 * least : least)
            expect(gap).toBeLessThanOrEqual(16 * least)
          })
          expect(vi.getTimerCount()).toBe(0)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('it ends', () => {
  it.each<[string, Reply, ErrorCode]>([
    ['when the person says no', () => oauthError('access_denied', 'No way'), 'access_denied'],
    ['when the server says that the code has expired', () => oauthError('expired_token'), 'expired'],
    ['with another OAuth error', () => oauthError('invalid_grant'), 'token_request_refused'],
    ['with an error that only looks like waiting', () => oauthError('authorization_pending '), 'token_request_refused'],
    ['with an answer that is none', () => new Response('<html>', { status: 400 }), 'token_response_invalid'],
    ['with tokens that are none', () => Response.json({ access_token: 1 }), 'token_response_invalid'],
    ['with a redirect', () => new Response('', { status: 302 }), 'response_refused'],
  ])('%s', async (_, reply, code) => {
    const server = createDeviceServer([pending, reply])
    const grant = start(server)
    await pass(10)
    const error = await refusal(grant, code)
    expect(error.retryable).toBe(false)
    await pass(60)
    expect(server.polledAt).toEqual([5, 10])
  })

  it('when the code has expired, to the second', async () => {
    const server = createDeviceServer(Array(20).fill(pending), {}, { ...ANSWER, expires_in: 12 })
    const grant = start(server)
    let over = false
    grant.catch(() => (over = true))
    await pass(11.9)
    expect(over).toBe(false)
    await pass(0.1)
    await refusal(grant, 'expired')
    expect(server.polledAt).toEqual([5, 10])
  })

  it.each<[string, object, number]>([
    ['a thousandth of a second', { interval: 0.001 }, 60],
    ['so small that it is none', { interval: 1e-300 }, 60],
    ['thirty years', { interval: 1e9 }, 1],
    ['beyond all numbers', { interval: Number.MAX_VALUE }, 1],
  ])('within bounds, where the interval is %s', async (_, more, most) => {
    const server = createDeviceServer(Array(200).fill(pending), {}, { ...ANSWER, ...more, expires_in: 1e9 })
    const over = new AbortController()
    const grant = start(server, { signal: over.signal })
    grant.catch(() => {})
    await pass(60)
    expect(server.polledAt.length).toBe(most)
    // An hour at most, whatever the server says.
    expect(prompts[0]?.expiresAtMs).toBe(1_800_000_000_000 + 3_600_000)
    over.abort()
    await refusal(grant, 'aborted')
  })

  it('when this machine slept over it, as the server tells', async () => {
    const server = createDeviceServer([pending, () => Response.json({ error: 'expired_token' }, { status: 400 })])
    const grant = start(server)
    await pass(7)
    // The monotonic clock of many systems stands still during sleep.
    vi.setSystemTime(Date.now() + 3_600_000)
    await pass(3)
    await refusal(grant, 'expired')
    expect(server.polledAt.length).toBe(2)
  })

  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('not because somebody sets the clock %s', async (_, change) => {
    const server = createDeviceServer([pending, pending])
    const grant = start(server)
    await pass(7)
    vi.setSystemTime(Date.now() + change)
    await pass(8)
    await expect(grant).resolves.toHaveProperty('tokens.accessToken')
  })

  it('with what onPrompt fails with', async () => {
    const server = createDeviceServer()
    const error = new Error('no display')
    await expect(start(server, { onPrompt: () => Promise.reject(error) })).rejects.toBe(error)
    await expect(
      start(server, {
        onPrompt() {
          throw error
        },
      }),
    ).rejects.toBe(error)
    await pass(60)
    expect(server.polledAt).toEqual([])
  })

  it('with what onPrompt fails with later, and asks no more', async () => {
    const server = createDeviceServer([pending, pending])
    const error = new Error('closed by the person')
    let close = (_: Error) => {}
    const grant = start(server, { onPrompt: () => new Promise<void>((_, fail) => (close = fail)) })
    await pass(7)
    close(error)
    await expect(grant).rejects.toBe(error)
    await pass(60)
    expect(server.polledAt).toEqual([5])
  })

  it('when the code expires while it is shown', async () => {
    const server = createDeviceServer([], {}, { ...ANSWER, expires_in: 4 })
    const grant = start(server, { onPrompt: () => new Promise(() => {}) })
    await pass(4)
    await refusal(grant, 'expired')
  })

  it.each([
    ['before it starts', -1],
    ['while the code is shown', 0],
    ['between two questions', 7],
  ])('at once when it is aborted %s', async (_, seconds) => {
    const abort = new AbortController()
    if (seconds < 0) abort.abort()
    const server = createDeviceServer([pending, pending])
    const onPrompt = seconds === 0 ? () => new Promise(() => {}) : () => {}
    const grant = start(server, { signal: abort.signal, onPrompt })
    await pass(Math.max(0, seconds))
    abort.abort('enough')
    await refusal(grant, 'aborted')
    expect(vi.getTimerCount()).toBe(0)
    const before = server.asked.length
    await pass(60)
    expect(server.asked).toHaveLength(before)
  })

  it('at once when it is aborted during a question', async () => {
    const abort = new AbortController()
    const hanging: Reply = () => new Promise(() => {})
    const server = createDeviceServer([hanging])
    const { fetch } = server
    const grant = start(server, {
      signal: abort.signal,
      fetch: (input, init) =>
        new Promise((resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
          fetch(input, init).then(resolve, reject)
        }),
    })
    await pass(5)
    expect(server.polledAt).toEqual([5])
    abort.abort()
    await refusal(grant, 'aborted')
  })
})

describe('the grant is refused with', () => {
  const refused = async (
    faults: Faults,
    options: Partial<DeviceSignInOptions>,
    code: ErrorCode,
    good: Faults = { claims },
  ) => {
    for (const [given, expected] of [
      [good, undefined],
      [faults, code],
    ] as const) {
      const grant = start(createDeviceServer([], given), options)
      await pass(5)
      if (expected) await refusal(grant, expected)
      else await expect(grant).resolves.toHaveProperty('tokens')
    }
  }

  it('no ID token, though openid was asked for', () =>
    refused({ token: { id_token: undefined } }, { scope: 'openid' }, 'id_token_invalid'))
  it('an ID token for another client', () => refused({ claims: { ...claims, aud: 'other' } }, {}, 'id_token_invalid'))
  it('an ID token of another issuer', () =>
    refused({ claims: { ...claims, iss: 'https://evil.example' } }, {}, 'id_token_invalid'))
  it('an ID token with a nonce: it belongs to another sign-in', () =>
    refused({ claims: { nonce: 'n' } }, {}, 'id_token_invalid'))
  it('an ID token from long before', () => refused({ claims: { ...claims, iat: 1 } }, {}, 'id_token_invalid'))
  it('an unsigned ID token', () => refused({ claims, joseHeader: { alg: 'none' } }, {}, 'id_token_invalid'))
  it('a forged signature', () =>
    refused({ claims, signedBy: 'foreign_key' }, { signature: checkIdTokenSignature }, 'id_token_invalid'))
  it('another access token’s at_hash', () => refused({ claims: { ...claims, at_hash: 'x' } }, {}, 'id_token_invalid'))
  it('a weaker acr', () =>
    refused({ claims }, { acrValues: 'phr' }, 'acr_not_met', { claims: { ...claims, acr: 'phr' } }))
  it('less than the required scope', () =>
    refused({ claims, token: { scope: 'openid' } }, { scope: 'openid a', requiredScope: 'a' }, 'scope_missing'))
  it('a token that is no bearer token', () =>
    refused({ claims, token: { token_type: 'mac' } }, {}, 'token_response_invalid'))
})

describe('no code is asked for or shown', () => {
  it.each<[string, object | Response, ErrorCode]>([
    ['an OAuth error', oauthError('invalid_scope', 'No such scope'), 'authorization_failed'],
    ['a page', new Response('<html>'), 'response_refused'],
    ['a failure', new Response('', { status: 500 }), 'response_refused'],
    ['no device code', { ...ANSWER, device_code: undefined }, 'response_refused'],
    ['no user code', { ...ANSWER, user_code: '' }, 'response_refused'],
    ['no lifetime', { ...ANSWER, expires_in: undefined }, 'response_refused'],
    ['a lifetime that is none', { ...ANSWER, expires_in: 'soon' }, 'response_refused'],
    ['an interval that would not wait', { ...ANSWER, interval: -1 }, 'response_refused'],
    ['an interval that is no number', { ...ANSWER, interval: 'NaN' }, 'response_refused'],
    ['a code that nobody types in', { ...ANSWER, user_code: 'x'.repeat(65) }, 'response_refused'],
    [
      'an address that nobody types in',
      { ...ANSWER, verification_uri: `https://as.example/${'x'.repeat(100_000)}` },
      'response_refused',
    ],
    [
      'an address that no code holds',
      { ...ANSWER, verification_uri_complete: `https://as.example/${'x'.repeat(100_000)}` },
      'response_refused',
    ],
    [
      'a page to type in that is not https',
      { ...ANSWER, verification_uri: 'http://as.example/device' },
      'endpoint_refused',
    ],
    [
      'an older name for a page that is not https',
      { ...ANSWER, verification_uri: undefined, verification_url: 'http://as.example/device' },
      'endpoint_refused',
    ],
    ['a page that is no URL', { ...ANSWER, verification_uri: 'as.example/device' }, 'endpoint_refused'],
    ['a page that is a script', { ...ANSWER, verification_uri_complete: 'javascript:alert(1)' }, 'endpoint_refused'],
    ['a code that moves the cursor', { ...ANSWER, user_code: 'AB\u001b[2J' }, 'response_refused'],
  ])('where the server answers with %s', async (_, answer, code) => {
    const server = createDeviceServer([], {}, answer)
    await refusal(start(server), code)
    expect(prompts).toEqual([])
    expect(server.polledAt).toEqual([])
  })

  it('but a loopback server may show a page without https in development', async () => {
    const answer = { ...ANSWER, verification_uri: 'http://localhost:1/device', verification_uri_complete: undefined }
    const grant = start(createDeviceServer([], {}, answer), { insecure: allowInsecureLoopback })
    await pass(5)
    await grant
    expect(prompts[0]?.verificationUri).toBe('http://localhost:1/device')
  })

  it('where the server has no device grant', async () => {
    const server = createServer()
    await refusal(start(server as unknown as ReturnType<typeof createDeviceServer>), 'endpoint_refused')
  })

  it('where the server does not take the client’s proof', async () => {
    const metadata = { token_endpoint_auth_methods_supported: ['private_key_jwt'] }
    const server = createDeviceServer([], { metadata })
    await refusal(start(server, { clientAuth: clientSecretBasic('secret') }), 'client_auth_unsupported')
    expect(server.asked).toEqual([])
  })

  it('of a server that calls itself something else', async () => {
    const { metadata, ...server } = createDeviceServer()
    await refusal(
      start({ ...server, metadata }, { metadata: { ...metadata, issuer: 'https://evil.example' } as ServerMetadata }),
      'issuer_mismatch',
    )
  })

  it.each<[string, object]>([
    ['issuer', { issuer: 'http://as.example' }],
    ['clientId', { clientId: '' }],
    ['timeoutSeconds', { timeoutSeconds: -1 }],
    ['resource', { resource: 'a#b' }],
    ['onPrompt', { onPrompt: undefined }],
    ['clientSecret', { clientSecret: 'secret' }],
  ])('with a wrong %s', async (field, options) => {
    const server = createDeviceServer()
    const error = await refusal(start(server, options), 'config_invalid')
    expect(error.message).toContain(field)
    expect(server.asked).toEqual([])
  })
})

describe('neither code comes back in an error,', () => {
  const spellings = [USER_CODE, 'wdjbmjht', 'WDJB MJHT', DEVICE_CODE, `x${DEVICE_CODE}y`]

  it.each<[string, (echo: string) => Response]>([
    ['echoed in a description', (echo) => oauthError('invalid_grant', `No such code: ${echo}`)],
    ['echoed in a refusal', (echo) => oauthError('access_denied', `${echo} was denied`)],
    ['echoed as the error', (echo) => oauthError(echo)],
    ['echoed in a page', (echo) => new Response(echo, { status: 400 })],
    ['echoed in a broken token', (echo) => Response.json({ access_token: 'a', token_type: 'bearer', id_token: echo })],
    ['echoed in a foreign token type', (echo) => Response.json({ access_token: 'a', token_type: echo })],
  ])('%s', async (_, reply) => {
    for (const echo of spellings) {
      const grant = start(createDeviceServer([() => reply(echo)]))
      await pass(5)
      const error = await grant.then(
        () => expect.unreachable(),
        (reason) => reason,
      )
      const everything = `${inspect(error, { depth: null, showHidden: true })} ${JSON.stringify(error)} ${error.stack}`
      expect(everything.replace(/[^a-z\d]/gi, '').toUpperCase()).not.toContain('WDJBMJHT')
      expect(everything).not.toContain(DEVICE_CODE)
    }
  })

  it('short as it may be', async () => {
    const grant = start(
      createDeviceServer(
        [() => oauthError('invalid_grant', 'Code 12-34 is wrong')],
        {},
        { ...ANSWER, user_code: '1234' },
      ),
    )
    await pass(5)
    const error = await refusal(grant, 'token_request_refused')
    expect(error.serverError).toEqual({ error: 'invalid_grant', description: '(withheld)' })
  })

  it('and what a server says besides is kept', async () => {
    const grant = start(createDeviceServer([() => oauthError('invalid_client', 'Ask your administrator')]))
    await pass(5)
    const error = await refusal(grant, 'token_request_refused')
    expect(error.serverError).toEqual({ error: 'invalid_client', description: 'Ask your administrator' })
  })

  it('and a client that is called like an error is told it all the same', async () => {
    const grant = start(createDeviceServer([pending, () => oauthError('access_denied')]), {
      clientId: 'authorization_pending',
    })
    await pass(10)
    await refusal(grant, 'access_denied')
  })
})
