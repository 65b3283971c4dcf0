import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClient, exchangeAt, memoryVault } from '../../../src/index.js'
import type { Transaction } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { createServer } from '../../helpers/server.js'
import { travelBy } from '../../helpers/sign-in-attempt.js'

const OWN = 'https://app.example'
afterEach(() => vi.unstubAllGlobals())

/** A sign-in whose exchange goes to this path. @param origin of the page; where it is undefined, there is none */
function createApp(path: string, origin: string | undefined) {
  if (origin) vi.stubGlobal('location', { origin, href: `${OWN}/callback` })
  const server = createServer()
  const sent: string[] = []
  let left = false
  const auth = createClient({
    issuer: server.issuer,
    clientId: 'spa',
    redirectUri: `${OWN}/callback`,
    scope: 'openid',
    exchange: exchangeAt(path),
    vault: memoryVault(),
    userAgent: travelBy((url) => {
      left = true
      return server.visit(url)
    }),
    fetch: async (input, init) => {
      if (String(input).startsWith(server.issuer)) return server.fetch(input, init)
      sent.push(String(input))
      return Response.json({ claims: { sub: 'ada' } })
    },
  })
  return { auth, sent, left: () => left }
}

describe('the exchange goes', () => {
  it.each([
    ['/auth/exchange', OWN, `${OWN}/auth/exchange`],
    ['auth/exchange?a=1', OWN, `${OWN}/auth/exchange?a=1`],
    [`${OWN}/auth/exchange`, OWN, `${OWN}/auth/exchange`],
    ['/auth/exchange', undefined, `${OWN}/auth/exchange`],
    ['/auth/exchange', 'capacitor://localhost', 'capacitor://localhost/auth/exchange'],
  ])('from %s of %s to %s', async (path, origin, url) => {
    const { auth, sent } = createApp(path, origin)
    await expect(auth.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
    expect(sent).toEqual([url])
  })
})

describe('the exchange is refused before the person leaves, and nothing is sent', () => {
  it.each([
    ['https://evil.example/auth/exchange', OWN],
    ['https://evil.example/auth/exchange', undefined],
    ['//evil.example/auth/exchange', OWN],
    ['\\\\evil.example/auth/exchange', OWN],
    ['/\t/evil.example/auth/exchange', OWN],
    [`${OWN}.evil.example/`, OWN],
    [`${OWN}@evil.example/`, OWN],
    [`${OWN}:8443/auth/exchange`, OWN],
    ['http://app.example/auth/exchange', OWN],
    [`blob:${OWN}/1`, OWN],
    ['javascript:0', OWN],
    ['data:,x', OWN],
    ['http://', OWN],
    // A page of an opaque origin has no path of its own.
    ['/auth/exchange', 'null'],
    ['data:,x', 'null'],
  ])('for %s of %s', async (path, origin) => {
    const { auth, sent, left } = createApp(path, origin)
    const error = await refusal(auth.signIn(), 'config_invalid')
    expect(error.message).toContain('exchangeAt')
    expect([left(), sent]).toEqual([false, []])
  })

  it.each([
    ['https://evil.example/auth/exchange', `https://evil.example is not this origin, ${OWN}`],
    ['http://', `the path does not belong to this origin, ${OWN}`],
  ])('for %s, with what is wrong', async (path, message) => {
    expect((await refusal(createApp(path, OWN).auth.signIn(), 'config_invalid')).message).toContain(message)
  })

  it('for whatever leads elsewhere: what is sent is sent to the own origin', async () => {
    const part = fc.constantFrom('/', '\\', '\t', '.', ':', '@', '?', '#', 'https:', 'evil.example', 'app.example', 'a')
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const { auth, sent } = createApp(parts.join(''), OWN)
        await auth.signIn().catch(({ code }) => expect(code).toBe('config_invalid'))
        for (const url of sent) expect(new URL(url).origin).toBe(OWN)
      }),
    )
  })
})

describe('with the backend', () => {
  const transaction: Transaction = {
    server: { issuer: 'https://as.example', token_endpoint: 'https://as.example/token' },
    clientId: 'spa',
    redirectUri: `${OWN}/callback`,
    state: 'the-state',
    codeVerifier: 'verifier-'.repeat(5),
    scope: 'openid a',
    requiredScope: 'a',
    resource: 'https://api.example/',
    authorizationDetails: [{ type: 'payment' }],
    idToken: { required: true, nonce: 'the-nonce', acrValues: 'mfa', maxAgeSeconds: 60, requestedAtMs: 1 },
    expiresAtMs: Date.now() + 60_000,
  }
  function exchanged(response: Response, callback = `${OWN}/callback?code=the-code&state=the-state`) {
    const sent: [url: string, init: RequestInit][] = []
    const fetch = async (url: string, init: RequestInit) => {
      sent.push([url, init])
      return response
    }
    return { sent, grant: exchangeAt('/auth/exchange')(transaction, callback, { fetch }) }
  }
  const failure = { code: 'token_request_refused', message: 'It was refused.', hint: 'Repair it.' }

  it('the request has all that it needs, and the cookies of the own origin only', async () => {
    const { sent, grant } = exchanged(Response.json({ claims: { sub: 'ada' } }))
    expect(await grant).toEqual({ claims: { sub: 'ada' } })
    const [[url, { method, headers, credentials, body }]] = sent as [[string, RequestInit]]
    expect([url, method, credentials]).toEqual([`${OWN}/auth/exchange`, 'POST', 'same-origin'])
    // A page of another origin cannot send the last one without being asked (Fetch §4.8).
    expect(Object.fromEntries(new Headers(headers))).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      'x-proofkey': 'exchange',
    })
    expect(JSON.parse(`${body}`)).toEqual({
      code: 'the-code',
      codeVerifier: transaction.codeVerifier,
      redirectUri: transaction.redirectUri,
      requiredScope: 'a',
      resource: 'https://api.example/',
      authorizationDetails: [{ type: 'payment' }],
      idToken: { nonce: 'the-nonce', acrValues: 'mfa', maxAgeSeconds: 60 },
    })
  })

  it.each(['another', ''])('nothing is exchanged for the state "%s"', async (state) => {
    const { sent, grant } = exchanged(Response.json({}), `${OWN}/callback?code=the-code&state=${state}`)
    await refusal(grant, 'unknown_state')
    expect(sent).toEqual([])
  })

  it('an error is the one that handleExchange responded with', async () => {
    const serverError = { error: 'invalid_grant' }
    const { grant } = exchanged(Response.json({ ...failure, serverError, retryable: true }, { status: 400 }))
    const error = await refusal(grant, 'token_request_refused')
    expect(error).toMatchObject({ ...failure, serverError, retryable: true })
    const other = exchanged(Response.json({ ...failure, retryable: 'yes' }, { status: 502 }))
    expect((await refusal(other.grant, 'token_request_refused')).retryable).toBe(false)
  })

  it.each<[string, () => Response, string]>([
    ['no JSON', () => new Response('<html>'), 'returned no JSON'],
    ['an error page', () => new Response('<html>', { status: 404 }), 'returned no JSON'],
    ['JSON null', () => Response.json(null, { status: 500 }), 'no error of handleExchange'],
    [
      'an error without a code',
      () => Response.json({ ...failure, code: 1 }, { status: 400 }),
      'no error of handleExchange',
    ],
    [
      'an error without a message',
      () => Response.json({ code: 'expired' }, { status: 400 }),
      'no error of handleExchange',
    ],
  ])('%s says that handleExchange is not there', async (_, response, message) => {
    const error = await refusal(exchanged(response()).grant, 'response_refused')
    expect(error.message).toContain(message)
    expect(error.hint).toContain('handleExchange()')
  })
})
