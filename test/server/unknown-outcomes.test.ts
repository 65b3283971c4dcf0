import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { mutualTls } from '../../src/node.js'
import {
  allowInsecureLoopback,
  type ClientAuth,
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  createServerClient,
  memoryVault,
  none,
  privateKeyJwt,
  type ServerClientConfig,
  type ServerMetadata,
  sealedCookie,
  selfSignedTlsClientAuth,
  tlsClientAuth,
} from '../../src/server.js'
import { type Listening, listen } from '../helpers/loopback.js'
import { refusal } from '../helpers/refusal.js'
import { type Authority, createAuthority } from '../helpers/tls.js'
import { createVisitor } from '../helpers/visitor.js'

const redirectUri = 'https://app.example/callback'
const secret = 'a secret of more than thirty-two bytes'
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64') }]
const VAULTS: Record<string, () => ServerClientConfig['vault']> = {
  'a sealed cookie': () => sealedCookie({ keys }),
  memory: () => memoryVault({ maxRecords: 100 }),
}

let authority: Authority
let plain: Listening
let overTls: Listening
/** What the token endpoint does; each code that arrives is noted. */
let answer: (response: ServerResponse) => void
let codes: (string | null)[] = []

const grants = (response: ServerResponse) =>
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ access_token: 'token', token_type: 'Bearer' }))

async function tokenEndpoint(request: IncomingMessage, response: ServerResponse) {
  let body = ''
  for await (const chunk of request) body += chunk
  codes.push(new URLSearchParams(body).get('code'))
  answer(response)
}

beforeAll(async () => {
  authority = createAuthority()
  plain = await listen(tokenEndpoint)
  overTls = await listen(tokenEndpoint, authority.issue('/CN=127.0.0.1'))
})
afterAll(() => Promise.all([plain.close(), overTls.close()]))
beforeEach(() => {
  codes = []
  answer = grants
})

/** A sign-in up to its callback; `again()` is the same browser that comes once more. */
async function leave(config: Partial<ServerClientConfig> & { clientAuth: ClientAuth }, tls = false) {
  const issuer = tls ? `https://127.0.0.1:${overTls.port}` : `http://127.0.0.1:${plain.port}`
  const client = createServerClient({
    issuer,
    clientId: 'web',
    redirectUri,
    vault: memoryVault({ maxRecords: 100 }),
    insecure: allowInsecureLoopback,
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      code_challenge_methods_supported: ['S256'],
    } as ServerMetadata,
    ...config,
  })
  const visitor = createVisitor()
  const start = await client.signIn(visitor.request('https://app.example/login'))
  visitor.receive(start.headers)
  const callback = new URL(redirectUri)
  const { searchParams } = new URL(start.headers.get('location') ?? '')
  callback.searchParams.set('state', searchParams.get('state') ?? '')
  callback.searchParams.set('code', 'the-code')
  return { visitor, complete: () => client.handleCallback(visitor.request(callback)) }
}

const headersOf = (error: unknown) => (error as { headers: Headers }).headers

describe('a token response that breaks off in its body', () => {
  const proofs: Record<string, () => ClientAuth> = {
    none: () => none(),
    client_secret_basic: () => clientSecretBasic(secret),
    client_secret_post: () => clientSecretPost(secret),
    client_secret_jwt: () => clientSecretJwt(secret),
    private_key_jwt: () =>
      privateKeyJwt(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), { algorithm: 'ES256' }),
    tls_client_auth: () => tlsClientAuth({ fetch }),
    self_signed_tls_client_auth: () => selfSignedTlsClientAuth({ fetch }),
    mutualTls: () => mutualTls({ ...authority.issue('/CN=web'), ca: [authority.cert] }),
  }
  const open: ClientAuth[] = []
  const proofOf = (name: string) => {
    const proof = proofs[name]!()
    open.push(proof)
    return proof
  }
  afterEach(async () => {
    for (const proof of open.splice(0)) await (proof as Partial<ReturnType<typeof mutualTls>>).close?.()
  })
  const breakOff = (status: number, headers: Record<string, string>) => (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.write('{"error":', () => response.socket?.destroy())
  }

  describe.each(Object.keys(proofs))('with %s', (name) => {
    it.each([200, 400, 401, 500])('and status %d spends the code: it does not go out twice', async (status) => {
      for (const headers of [{ 'content-length': '100' }, { 'transfer-encoding': 'chunked' }]) {
        codes = []
        const app = await leave({ clientAuth: proofOf(name) }, name === 'mutualTls')
        answer = breakOff(status, headers)
        const error = await refusal(app.complete(), 'network_error')
        expect(error).toMatchObject({ message: expect.stringContaining('broke off'), retryable: false })
        app.visitor.receive(headersOf(error))
        answer = grants
        await refusal(app.complete(), 'unknown_state')
        expect(codes).toEqual(['the-code'])
      }
    })

    it('is told from one that did not begin, after which the sign-in still works', async () => {
      const app = await leave({ clientAuth: proofOf(name) }, name === 'mutualTls')
      answer = (response) => response.socket?.destroy()
      const error = await refusal(app.complete(), 'network_error')
      expect(error.retryable).toBe(true)
      app.visitor.receive(headersOf(error))
      answer = grants
      await expect(app.complete()).resolves.toHaveProperty('tokens.accessToken', 'token')
    })
  })

  it('goes out twice with a fetch that reads bodies before it gives the response, so there is none here', async () => {
    const reading: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      return response.status < 400 ? response : new Response(await response.text(), response)
    }
    const app = await leave({ clientAuth: clientSecretBasic(secret), fetch: reading })
    answer = breakOff(401, { 'content-length': '100' })
    const error = await refusal(app.complete(), 'network_error')
    expect(error.retryable).toBe(true)
  })
})

describe.each(Object.entries(VAULTS))('a sign-in kept in %s that was put back', (_, vault) => {
  it.each([
    ['arrives', true],
    ['is lost on its way', false],
  ])('works again where the response %s', async (_, arrives) => {
    const app = await leave({ clientAuth: clientSecretBasic(secret), vault: vault() })
    const cookies = new Map(app.visitor.cookies)
    answer = (response) => response.socket?.destroy()
    for (let time = 0; time < 3; time++) {
      const error = await refusal(app.complete(), 'network_error')
      expect(error.retryable).toBe(true)
      if (arrives) app.visitor.receive(headersOf(error))
      // The browser has what it had: nothing hangs on the response.
      expect(app.visitor.cookies).toEqual(cookies)
    }
    answer = grants
    const { headers } = await app.complete()
    app.visitor.receive(headers)
    expect(app.visitor.cookies.size).toBe(0)
    await refusal(app.complete(), 'unknown_state')
  })
})

it('100 strangers who start sign-ins drop one that waits, and it is said; with room for them they do not', async () => {
  for (const [maxRecords, isDropped] of [
    [100, true],
    [1000, false],
  ] as const) {
    const vault = memoryVault({ maxRecords })
    const issuer = `http://127.0.0.1:${plain.port}`
    const app = await leave({ clientAuth: none(), vault })
    const client = createServerClient({
      issuer,
      clientId: 'web',
      redirectUri,
      vault,
      clientAuth: none(),
      insecure: allowInsecureLoopback,
      metadata: { issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/token` } as ServerMetadata,
    })
    const dropped: unknown[] = []
    client.subscribe((event) => event.type === 'transaction_dropped' && dropped.push(event))
    for (let count = 0; count < 100; count++) await client.signIn(new Request('https://app.example/login'))
    if (isDropped) {
      const [name = ''] = app.visitor.cookies.keys()
      const transaction = name.slice(name.lastIndexOf('.') + 1)
      expect(dropped).toEqual([expect.objectContaining({ transaction, reason: 'vault_full' })])
      await refusal(app.complete(), 'unknown_state')
    } else {
      expect(dropped).toEqual([])
      await expect(app.complete()).resolves.toHaveProperty('tokens.accessToken', 'token')
    }
  }
})

it('a server refuses a memory vault that was not told how much it may keep', async () => {
  const client = { issuer: 'https://as.example', clientId: 'web', redirectUri, clientAuth: none() }
  const error = await refusal(() => createServerClient({ ...client, vault: memoryVault() as never }), 'config_invalid')
  expect(error.message).toContain('maxRecords')
  // @ts-expect-error and so do the types
  await refusal(() => createServerClient({ ...client, vault: memoryVault() }), 'config_invalid')
  createServerClient({ ...client, vault: memoryVault({ maxRecords: 100 }) })
})
