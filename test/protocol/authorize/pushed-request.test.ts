import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import '../../../examples/demo/quiet.js'
import { browserClient, type RunningProvider, startProvider } from '../../../examples/demo/provider.js'
import { createClient, dpop, type ErrorCode, pushed } from '../../../src/index.js'
import { allowInsecureLoopback, checkMetadata, clientSecretBasic, privateKeyJwt } from '../../../src/protocol.js'
import { givenToFetch } from '../../helpers/given-to-fetch.js'
import { createPerson } from '../../helpers/person.js'
import { refusal } from '../../helpers/refusal.js'
import { createServer, type Faults } from '../../helpers/server.js'
import { travelBy } from '../../helpers/sign-in-attempt.js'
import { signingKey } from '../../helpers/tls.js'

const redirectUri = 'https://app.example/callback'
const secret = 'a secret of thirty-two bytes or more'
const assertionKey = await signingKey('ES256')

describe('a server that requires pushed authorization requests', () => {
  let running: RunningProvider
  /** What was pushed. */
  const pushes: { body: URLSearchParams; headers: Headers }[] = []
  const watching: typeof fetch = async (...given) => {
    const { url, init } = await givenToFetch(...given)
    if (url.endsWith('/request'))
      pushes.push({ body: new URLSearchParams(String(init.body)), headers: new Headers(init.headers) })
    return fetch(url, init)
  }

  beforeAll(async () => {
    const own = { redirect_uris: [redirectUri], grant_types: ['authorization_code'] }
    running = await startProvider({
      ...browserClient('spa', [redirectUri]),
      clients: [
        { ...own, client_id: 'spa', token_endpoint_auth_method: 'none' },
        { ...own, client_id: 'bound', token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
        { ...own, client_id: 'basic', client_secret: secret },
        {
          ...own,
          client_id: 'assertion',
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: 'ES256',
          jwks: { keys: [{ ...assertionKey.publicJwk, kid: 'k', use: 'sig', key_ops: undefined }] } as never,
        },
      ],
      features: {
        pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
        dPoP: { enabled: true, requireNonce: () => true, nonceSecret: Buffer.alloc(32, 1) },
      },
    })
  })
  afterAll(() => running.close())
  beforeEach(() => {
    globalThis.indexedDB = new IDBFactory()
    pushes.length = 0
  })

  function client(clientId: string, more: object = {}) {
    const sent: URL[] = []
    const userAgent = travelBy((url) => {
      sent.push(url)
      return createPerson().travel(url, redirectUri)
    })
    const config = { issuer: running.issuer, clientId, redirectUri, scope: 'openid', insecure: allowInsecureLoopback }
    return { sent, auth: createClient({ ...config, userAgent, fetch: watching, par: pushed(), ...more }) }
  }

  it.each<[string, object]>([
    ['spa', {}],
    ['bound', { dpop: dpop() }],
    ['basic', { clientAuth: clientSecretBasic(secret) }],
    ['assertion', { clientAuth: privateKeyJwt(assertionKey.jwk, { keyId: 'k' }) }],
  ])('signs in a client of the kind %s, and its URL holds nothing but the request_uri', async (clientId, more) => {
    const { auth, sent } = client(clientId, more)
    const result = await auth.signIn()
    expect(result?.claims?.sub).toBe('ada')
    expect([...sent[0]!.searchParams.keys()]).toEqual(['client_id', 'request_uri'])
    const { body, headers } = pushes.at(-1)!
    expect(body.get('code_challenge_method')).toBe('S256')
    expect(body.getAll('client_id')).toEqual([clientId])
    expect(body.get('state')).toMatch(/^\d{13}[\w-]{43}/)
    expect(headers.has('dpop')).toBe(clientId === 'bound')
    expect(headers.has('authorization')).toBe(clientId === 'basic')
    expect(body.has('client_assertion')).toBe(clientId === 'assertion')
  })

  it('gets a new request for each attempt', async () => {
    const { auth, sent } = client('spa')
    await auth.signIn()
    await auth.signIn()
    expect(new Set(sent.map((url) => url.searchParams.get('request_uri'))).size).toBe(2)
  })

  it('is not visited without the import, and the error names it', async () => {
    const { auth, sent } = client('spa', { par: undefined })
    const error = await refusal(auth.signIn(), 'not_supported')
    expect(error.hint).toContain('par: pushed()')
    expect(sent).toEqual([])
  })
})

describe('what the server says of a request that it refuses', () => {
  const server = checkMetadata(
    {
      issuer: 'https://as.example',
      authorization_endpoint: 'https://as.example/authorize',
      token_endpoint: 'https://as.example/token',
      pushed_authorization_request_endpoint: 'https://as.example/par',
    },
    'https://as.example',
  )
  const parameters = {
    ...{ client_id: 'spa', redirect_uri: redirectUri, scope: 'orders:read', code_challenge: 'the-challenge' },
    ...{ state: 'the-state', nonce: 'the-nonce', login_hint: 'ada@example', id_token_hint: 'the-id-token' },
  }
  const description = async (named: string) => {
    const body = { error: 'invalid_request', error_description: `not ${named}` }
    const fetch = async () => Response.json(body, { status: 400 })
    const request = new URL(`https://as.example/authorize?${new URLSearchParams(parameters)}`)
    return (await refusal(pushed()(server, request, { fetch }), 'authorization_failed')).serverError?.description
  }

  it.each(['redirect_uri', 'scope', 'client_id', 'code_challenge'] as const)(
    'is shown, if it names the %s',
    async (name) => {
      expect(await description(parameters[name])).toBe(`not ${parameters[name]}`)
    },
  )

  it.each(['state', 'nonce', 'login_hint', 'id_token_hint'] as const)(
    'is withheld, if it repeats the %s',
    async (name) => {
      expect(await description(parameters[name])).toBe('(withheld)')
    },
  )
})

describe('a push that fails', () => {
  const endpoint = 'https://as.example/par'
  const signIn = (respond: () => Response | Promise<Response>, metadata: object = {}) => {
    globalThis.indexedDB = new IDBFactory()
    const faults: Faults = { metadata: { pushed_authorization_request_endpoint: endpoint, ...metadata } }
    const server = createServer(faults)
    let visits = 0
    const auth = createClient({
      issuer: server.issuer,
      clientId: 'spa',
      redirectUri,
      par: pushed(),
      fetch: async (...given) => ((await givenToFetch(...given)).url === endpoint ? respond() : server.fetch(...given)),
      userAgent: travelBy((url) => {
        visits++
        return server.visit(url)
      }),
    })
    return { result: auth.signIn(), visits: () => visits }
  }
  const json =
    (body: unknown, status = 201) =>
    () =>
      Response.json(body, { status })

  it.each<[string, () => Response | Promise<Response>, ErrorCode, RegExp]>([
    [
      'an OAuth error',
      json({ error: 'invalid_request', error_description: 'no code here' }, 400),
      'authorization_failed',
      /invalid_request/,
    ],
    ['no request_uri', json({ expires_in: 60 }), 'response_refused', /request_uri/],
    ['an empty one', json({ request_uri: '', expires_in: 60 }), 'response_refused', /request_uri/],
    ['one that is no text', json({ request_uri: 7, expires_in: 60 }), 'response_refused', /request_uri/],
    ['one that is over', json({ request_uri: 'urn:x', expires_in: 0 }), 'response_refused', /request_uri/],
    ['a page', () => new Response('<!doctype html>'), 'response_refused', /request_uri/],
    ['nothing', () => Promise.reject(new TypeError('Failed to fetch')), 'network_error', /did not respond/],
  ])('with %s sends the user nowhere', async (_, respond, code, message) => {
    const { result, visits } = signIn(respond)
    const error = await refusal(result, code)
    expect(error.message).toMatch(message)
    if (code === 'authorization_failed') expect(error.serverError?.description).toBe('no code here')
    expect(visits()).toBe(0)
  })

  it('for want of an endpoint says so', async () => {
    const { result } = signIn(json({}), { pushed_authorization_request_endpoint: undefined })
    const error = await refusal(result, 'endpoint_refused')
    expect(error.message).toContain('pushed_authorization_request_endpoint')
  })
})
