import { describe, expect, it } from 'vitest'
import { allowInsecureLoopback, checkMetadata, discover, type ServerMetadata } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const document = (issuer: string, more: object = {}) =>
  ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    ...more,
  }) as ServerMetadata

/** Serves documents by URL; everything else is not found. */
function serve(documents: Record<string, () => Response>) {
  const asked: string[] = []
  const fetch = async (url: RequestInfo | URL) => {
    asked.push(String(url))
    return documents[String(url)]?.() ?? new Response('not found', { status: 404 })
  }
  return { asked, fetch }
}

describe('discover', () => {
  it.each([
    ['https://as.example', 'https://as.example/.well-known/openid-configuration', 1],
    ['https://as.example', 'https://as.example/.well-known/oauth-authorization-server', 2],
    ['https://as.example/t1', 'https://as.example/t1/.well-known/openid-configuration', 1],
    ['https://as.example/t1', 'https://as.example/.well-known/oauth-authorization-server/t1', 2],
    ['https://as.example/t1', 'https://as.example/.well-known/openid-configuration/t1', 3],
    ['https://as.example/t1/', 'https://as.example/t1/.well-known/openid-configuration', 1],
  ])('finds %s at %s', async (issuer, url, requests) => {
    const { asked, fetch } = serve({ [url]: () => Response.json(document(issuer)) })
    await expect(discover(issuer, { fetch })).resolves.toHaveProperty('issuer', issuer)
    expect(asked).toHaveLength(requests)
    expect(asked.at(-1)).toBe(url)
  })

  it('goes on where a browser hides a 404 without CORS', async () => {
    const { fetch } = serve({
      'https://as.example/.well-known/oauth-authorization-server': () => Response.json(document('https://as.example')),
    })
    const hiding: typeof globalThis.fetch = async (url) => {
      const response = await fetch(String(url))
      if (response.status === 404) throw new TypeError('Failed to fetch')
      return response
    }
    await expect(discover('https://as.example', { fetch: hiding })).resolves.toHaveProperty('issuer')
  })

  it.each<[string, () => Response]>([
    [
      'HTML',
      () => new Response(JSON.stringify(document('https://as.example')), { headers: { 'content-type': 'text/html' } }),
    ],
    [
      'another JSON type',
      () =>
        new Response(JSON.stringify(document('https://as.example')), {
          headers: { 'content-type': 'application/json-patch' },
        }),
    ],
    ['broken JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } })],
    ['JSON null', () => Response.json(null)],
    ['a redirect', () => Response.redirect('https://elsewhere.example')],
    ['an error status', () => Response.json(document('https://as.example'), { status: 500 })],
  ])('refuses %s', async (_, respond) => {
    const { fetch } = serve({ 'https://as.example/.well-known/openid-configuration': respond })
    await refusal(discover('https://as.example', { fetch }), 'response_refused')
  })

  it('asks nobody where the issuer is not https', async () => {
    const { asked, fetch } = serve({})
    await refusal(discover('http://as.example', { fetch }), 'endpoint_refused')
    await refusal(discover('http://as.example', { fetch, insecure: allowInsecureLoopback }), 'endpoint_refused')
    await refusal(discover('http://127.0.0.1:1', { fetch }), 'endpoint_refused')
    await refusal(discover('nonsense', { fetch }), 'endpoint_refused')
    expect(asked).toEqual([])
  })

  it('carries the timeout and the signal', async () => {
    const { fetch } = serve({})
    const slow: typeof globalThis.fetch = (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
    await refusal(discover('https://as.example', { fetch: slow, timeoutSeconds: 0.01 }), 'timeout')
    const abort = new AbortController()
    const waiting = refusal(discover('https://as.example', { fetch: slow, signal: abort.signal }), 'aborted')
    abort.abort()
    await waiting
    await refusal(discover('https://as.example', { fetch }), 'response_refused')
  })
})

describe('checkMetadata', () => {
  const issuer = 'https://as.example'

  it.each([
    'https://as.example/',
    'HTTPS://as.example',
    'https://AS.example',
    'https://as.example:443',
    '',
    undefined,
    { toString: () => issuer },
  ])('takes %j for another issuer', async (named) => {
    await refusal(() => checkMetadata({ ...document(issuer), issuer: named as string }, issuer), 'issuer_mismatch')
  })

  it.each([
    ['authorization_endpoint', 'http://as.example/authorize', 'endpoint_refused'],
    ['authorization_endpoint', 'javascript:alert(1)', 'endpoint_refused'],
    ['authorization_endpoint', 'data:text/html,x', 'endpoint_refused'],
    ['authorization_endpoint', 'https://as.example/authorize#x', 'endpoint_refused'],
    ['authorization_endpoint', 'https://as.example/authorize#', 'endpoint_refused'],
    ['authorization_endpoint', undefined, 'endpoint_refused'],
    ['authorization_endpoint', null, 'endpoint_refused'],
    ['authorization_endpoint', ['https://as.example'], 'endpoint_refused'],
    ['token_endpoint', 'http://as.example/token', 'endpoint_refused'],
    ['token_endpoint', undefined, 'endpoint_refused'],
    ['token_endpoint', null, 'endpoint_refused'],
    ['token_endpoint', '/token', 'endpoint_refused'],
    ['jwks_uri', 'http://as.example/jwks', 'endpoint_refused'],
    ['userinfo_endpoint', 'http://as.example/me', 'endpoint_refused'],
    ['end_session_endpoint', 'javascript:alert(1)', 'endpoint_refused'],
  ] as const)('refuses %s = %j', async (name, value, code) => {
    checkMetadata(document(issuer), issuer)
    const { [name]: _, ...rest } = document(issuer)
    await refusal(
      () => checkMetadata({ ...rest, ...(value !== undefined && { [name]: value }) } as ServerMetadata, issuer),
      code,
    )
  })

  it('lets loopback be http only by the switch, and other hosts never', async () => {
    for (const local of [
      'http://127.0.0.1:3000',
      'http://localhost:3000',
      'http://app.localhost',
      'http://[::1]:3000',
    ]) {
      await refusal(() => checkMetadata(document(local), local), 'endpoint_refused')
      expect(checkMetadata(document(local), local, allowInsecureLoopback).issuer).toBe(local)
    }
    for (const other of [
      'http://as.example',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'http://10.0.0.1',
      'http://evillocalhost',
    ]) {
      await refusal(() => checkMetadata(document(other), other, allowInsecureLoopback), 'endpoint_refused')
    }
  })

  it('looks at used and unused endpoints, but not at null', () => {
    expect(checkMetadata(document(issuer, { userinfo_endpoint: null, jwks_uri: undefined }), issuer).issuer).toBe(
      issuer,
    )
  })

  it.each([[['plain']], [[]], [{ includes: 1 }], ['S256'.split('')], [{ S256: true }]])(
    'refuses PKCE methods %j',
    async (methods) => {
      await refusal(
        () => checkMetadata(document(issuer, { code_challenge_methods_supported: methods }), issuer),
        'pkce_unsupported',
      )
    },
  )

  it('lets a server pass that does not speak of PKCE (RFC 8414 §2)', () => {
    expect(checkMetadata(document(issuer), issuer).issuer).toBe(issuer)
  })
})

it.each([
  ['an issuer', { issuer: 'https://as.example\u009b2J\u202e' }],
  ['a name', { '\u001b[2J_endpoint': 'http://as.example', jwks_uri: 'http://as.example' }],
])('what a refusal repeats of %s cannot move a terminal’s cursor', (_, more) => {
  let message = ''
  try {
    checkMetadata(document('https://as.example', more), 'https://as.example')
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toMatch(/as\.example|jwks_uri/)
  expect(message).not.toMatch(/\p{C}/u)
})
