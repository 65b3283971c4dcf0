import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  checkIdTokenSignature,
  clientSecretBasic,
  clientSecretPost,
  createServerClient,
  memoryVault,
  sealedCookie,
} from '../../src/server.js'
import { createServer, type Faults } from '../helpers/server.js'
import { createVisitor } from '../helpers/visitor.js'

const redirectUri = 'https://app.example/callback'
const clientSecret = 'the-client-secret-of-the-app'
const sealingKey = Buffer.alloc(32, 9).toString('base64')
const echo = (body: URLSearchParams) => `${body} ${[...body.values()].join(' ')} ${clientSecret}`

const endings: Record<string, { faults?: Faults; change?: (callback: URL) => void }> = {
  success: {},
  'another path': {
    change: (url) => {
      url.pathname = '/other'
    },
  },
  'a wrong issuer': { change: (url) => url.searchParams.set('iss', 'https://evil.example') },
  'access_denied echoing the request': {
    change: (url) => {
      url.searchParams.set('error', 'access_denied')
      url.searchParams.set('error_description', url.search)
    },
  },
  'invalid_client echoing the request': {
    faults: {
      respond: () => {
        const error_description = `${clientSecret} ${btoa(`web:${clientSecret}`)}`
        return Response.json({ error: 'invalid_client', error_description }, { status: 401 })
      },
    },
  },
  'a server error echoing the request': { faults: { respond: (body) => new Response(echo(body), { status: 500 }) } },
  'a network error that carries the request': {
    faults: {
      respond: (body) => {
        throw Object.assign(new TypeError(echo(body)), { code: body.get('code'), body })
      },
    },
  },
  'a wrong nonce': { faults: { claims: { nonce: 'other' } } },
  'a forged signature': { faults: { signedBy: 'foreign_key' } },
}

const said: unknown[] = []
beforeEach(() => {
  said.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...words) => void said.push(words))
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe.each([
  ['a sealed cookie', () => sealedCookie({ keys: [{ id: 'k', secret: sealingKey }] }), clientSecretPost],
  ['memory', () => memoryVault({ maxRecords: 100 }), clientSecretBasic],
] as const)('on a server, with %s, no error, event or console call holds a secret, ending in', (_, vault, proof) => {
  it.each(Object.entries(endings))('%s', async (name, { faults, change }) => {
    const server = createServer(faults, { clients: { web: { secret: clientSecret } } })
    const client = createServerClient({
      issuer: server.issuer,
      clientId: 'web',
      redirectUri,
      scope: 'openid',
      clientAuth: proof(clientSecret),
      vault: vault(),
      fetch: server.fetch,
      signature: checkIdTokenSignature,
    })
    client.subscribe((event) => said.push(event))
    const visitor = createVisitor()
    const started = await client.signIn(visitor.request('https://app.example/login'))
    visitor.receive(started.headers)
    const location = new URL(started.headers.get('location') ?? '')
    const callback = await server.visit(location)
    change?.(callback)
    const failures: unknown[] = []
    await client.handleCallback(visitor.request(callback)).catch((error) => failures.push(error))
    expect(failures).toHaveLength(name === 'success' ? 0 : 1)

    const asked = location.searchParams
    const sent = server.requests.flatMap(({ body }) => [body.get('code'), body.get('code_verifier')])
    const secrets = [...server.issued, ...sent, asked.get('state'), asked.get('nonce'), clientSecret, sealingKey]
    const seen = [...said, ...failures, JSON.stringify(failures), ...failures.map((error) => (error as Error).stack)]
    const everything = inspect(seen, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null })
    for (const secret of secrets) if (secret) expect(everything).not.toContain(secret)
    expect(everything).toContain('sign_in_started')
  })
})
