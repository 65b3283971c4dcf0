import { describe, expect, it } from 'vitest'
import { createClient } from '../../../src/index.js'
import { endpoint } from '../../../src/protocol/discovery/endpoint.js'
import {
  allowInsecureLoopback,
  beginAuthorization,
  checkMetadata,
  discover,
  type ServerMetadata,
} from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { served } from '../../helpers/served.js'

const document = (issuer: string, more: object = {}) =>
  ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    ...more,
  }) as ServerMetadata

describe('discover', () => {
  it.each([
    ['https://as.example', 'https://as.example/.well-known/openid-configuration', 1],
    ['https://as.example', 'https://as.example/.well-known/oauth-authorization-server', 2],
    ['https://as.example/t1', 'https://as.example/t1/.well-known/openid-configuration', 1],
    ['https://as.example/t1', 'https://as.example/.well-known/oauth-authorization-server/t1', 2],
    ['https://as.example/t1', 'https://as.example/.well-known/openid-configuration/t1', 3],
    ['https://as.example/t1/', 'https://as.example/t1/.well-known/openid-configuration', 1],
  ])('finds %s at %s', async (issuer, url, requests) => {
    const { asked, fetch } = served({ [url]: () => Response.json(document(issuer)) })
    await expect(discover(issuer, { fetch })).resolves.toHaveProperty('issuer', issuer)
    expect(asked).toHaveLength(requests)
    expect(asked.at(-1)).toBe(url)
  })

  it('goes on where a browser hides a 404 without CORS', async () => {
    const { fetch } = served({
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
    const { fetch } = served({ 'https://as.example/.well-known/openid-configuration': respond })
    await refusal(discover('https://as.example', { fetch }), 'response_refused')
  })

  it('asks nobody where the issuer is not https', async () => {
    const { asked, fetch } = served({})
    await refusal(discover('http://as.example', { fetch }), 'endpoint_refused')
    await refusal(discover('http://as.example', { fetch, insecure: allowInsecureLoopback }), 'endpoint_refused')
    await refusal(discover('http://127.0.0.1:1', { fetch }), 'endpoint_refused')
    await refusal(discover('nonsense', { fetch }), 'endpoint_refused')
    expect(asked).toEqual([])
  })

  it('carries the timeout and the signal', async () => {
    const { fetch } = served({})
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

describe('a document one redirect away', () => {
  const from = 'https://as.example/.well-known/openid-configuration'
  const here = () => Response.json(document('https://as.example'))
  const to = (location: string) => () => new Response(null, { status: 307, headers: { location } })

  it.each(['/.well-known/openid-configuration/', 'https://as.example/meta.json', '?v=2'])(
    'is loaded where it is of the same origin, and reported: %s',
    async (location) => {
      const { asked, fetch } = served({ [from]: to(location), [new URL(location, from).href]: here })
      const redirected: string[] = []
      const loaded = discover('https://as.example', { fetch }, (url) => redirected.push(url))
      await expect(loaded).resolves.toHaveProperty('issuer')
      expect(asked).toEqual([from, new URL(location, from).href])
      expect(redirected).toEqual([from])
    },
  )

  it.each([
    'https://elsewhere.example/meta.json',
    '//as.example.evil.example/meta.json',
    'http://as.example/meta.json',
    'https://as.example:8443/meta.json',
    'https://evil@as.example/meta.json',
    'data:application/json,{}',
  ])('is not asked for at another origin: %s', async (location) => {
    const target = new URL(location, from).href
    const { asked, fetch } = served({ [from]: to(location), [target]: here })
    await refusal(discover('https://as.example', { fetch }), 'response_refused')
    expect(asked).not.toContain(target)
  })

  it('is refused two redirects away', async () => {
    const { fetch } = served({
      [from]: to('/one'),
      'https://as.example/one': to('/two'),
      'https://as.example/two': here,
    })
    await refusal(discover('https://as.example', { fetch }), 'response_refused')
  })

  it('still has to name the issuer', async () => {
    const { fetch } = served({
      [from]: to('/other'),
      'https://as.example/other': () => Response.json(document('https://b.example')),
    })
    await refusal(discover('https://as.example', { fetch }), 'issuer_mismatch')
  })

  /** A browser: a redirect that is not followed is opaque; one that is followed shows where it ended. */
  const browserAt =
    (end: string): typeof globalThis.fetch =>
    async (url, init) => {
      const answer = init?.redirect === 'follow' ? here() : Response.error()
      return Object.defineProperty(answer, 'url', { value: init?.redirect === 'follow' ? end : String(url) })
    }

  it('is loaded in browsers by where they ended', async () => {
    const redirected: string[] = []
    const fetch = browserAt('https://as.example/meta.json')
    const loaded = discover('https://as.example', { fetch }, (url) => redirected.push(url))
    await expect(loaded).resolves.toHaveProperty('issuer')
    expect(redirected).toEqual([from])
    for (const end of ['https://elsewhere.example/', 'http://as.example/meta.json'])
      await refusal(discover('https://as.example', { fetch: browserAt(end) }), 'response_refused')
  })
})

it('takes a document of one MiB, and none above', async () => {
  const base = JSON.stringify(document('https://as.example', { x: '' })).length
  const sized = (bytes: number) => () => Response.json(document('https://as.example', { x: 'x'.repeat(bytes - base) }))
  const from = 'https://as.example/.well-known/openid-configuration'
  await expect(
    discover('https://as.example', { fetch: served({ [from]: sized(1_048_576) }).fetch }),
  ).resolves.toHaveProperty('issuer')
  const error = await refusal(
    discover('https://as.example', { fetch: served({ [from]: sized(1_048_577) }).fetch }),
    'response_refused',
  )
  expect(error.message).toContain('1048576 bytes')
})

describe('the message', () => {
  const failing: typeof globalThis.fetch = async () => {
    throw new TypeError('Failed to fetch')
  }

  it('of a 404 that CORS hides names the issuer, that cause and the way out', async () => {
    const error = await refusal(discover('https://as.example', { fetch: failing }), 'network_error')
    expect(error).toMatchObject({
      message:
        'No metadata of https://as.example: https://as.example/.well-known/openid-configuration did not respond.',
      hint: 'Check the issuer, in a page also CORS (a 404 without it looks like no response), or pass the metadata option.',
      retryable: true,
    })
  })

  it('of a server without a document names the metadata option', async () => {
    const error = await refusal(discover('https://as.example', served({})), 'response_refused')
    expect(`${error.message} ${error.hint}`).toBe(
      'No metadata of https://as.example: https://as.example/.well-known/openid-configuration responded with status 404 and no JSON. Check the issuer, in a page also CORS (a 404 without it looks like no response), or pass the metadata option.',
    )
  })

  it('of an http issuer names allowInsecureLoopback', async () => {
    const error = await refusal(discover('http://localhost:8080', { fetch: failing }), 'endpoint_refused')
    expect(error.hint).toContain('allowInsecureLoopback')
    const config = { issuer: 'http://localhost:8080', clientId: 'app', redirectUri: 'https://app.example/' }
    expect((await refusal(() => createClient(config), 'config_invalid')).message).toContain(
      'insecure: allowInsecureLoopback',
    )
  })

  it('of another issuer shows both', async () => {
    const error = await refusal(
      () => checkMetadata(document('https://b.example'), 'https://a.example'),
      'issuer_mismatch',
    )
    expect(error.message).toBe('The metadata has the issuer "https://b.example", expected "https://a.example".')
  })
})

describe('endpoint', () => {
  it.each([undefined, null, '', 'http://as.example', 'javascript:alert(1)', ['https://as.example']])(
    'refuses %j when it is used',
    async (value) => {
      expect(endpoint({ jwks_uri: 'https://as.example/' }, 'jwks_uri')).toBe('https://as.example/')
      const error = await refusal(() => endpoint({ jwks_uri: value }, 'jwks_uri'), 'endpoint_refused')
      expect(error.message).toContain(value ? 'not an https URL' : 'missing in the server metadata')
    },
  )
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
    ['authorization_endpoint', ['https://as.example'], 'endpoint_refused'],
    ['token_endpoint', 'http://as.example/token', 'endpoint_refused'],
    ['token_endpoint', undefined, 'endpoint_refused'],
    ['token_endpoint', null, 'endpoint_refused'],
    ['token_endpoint', '/token', 'endpoint_refused'],
    ['token_endpoint', '', 'endpoint_refused'],
  ] as const)('refuses %s = %j', async (name, value, code) => {
    checkMetadata(document(issuer), issuer)
    const { [name]: _, ...rest } = document(issuer)
    await refusal(
      () => checkMetadata({ ...rest, ...(value !== undefined && { [name]: value }) } as ServerMetadata, issuer),
      code,
    )
  })

  it.each([undefined, null, ''])('takes no authorization endpoint (%j) where nobody signs in there', async (value) => {
    const server = checkMetadata({ ...document(issuer), authorization_endpoint: value as never }, issuer)
    const request = { clientId: 'web', redirectUri: 'https://app.example/callback' }
    await refusal(beginAuthorization(server, request), 'endpoint_refused')
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

  it.each([
    ['jwks_uri', 'http://as.example/jwks'],
    ['userinfo_endpoint', ''],
    ['end_session_endpoint', 'javascript:alert(1)'],
    ['registration_endpoint', null],
    ['service_endpoint', ['https://as.example']],
    ['subject_types_supported', 'pairwise'],
    ['scopes_supported', 7],
    ['mtls_endpoint_aliases', null],
    ['prompt', { values: true }],
  ])('does not judge what a sign-in does not use: %s = %j', (name, value) => {
    expect(checkMetadata(document(issuer, { [name]: value }), issuer).issuer).toBe(issuer)
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

it.each([['an issuer', { issuer: 'https://as.example\u009b2J\u202e' }]])(
  'what a refusal repeats of %s cannot move a terminal’s cursor',
  (_, more) => {
    let message = ''
    try {
      checkMetadata(document('https://as.example', more), 'https://as.example')
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toContain('as.example')
    expect(message).not.toMatch(/\p{C}/u)
  },
)

it.each([undefined, null, 'x', []])('metadata that is %o is of no issuer', async (none) => {
  await refusal(() => checkMetadata(none as never, 'https://as.example'), 'issuer_mismatch')
})

it('JSON is asked for', async () => {
  const accepted: unknown[] = []
  const fetch = async (_: string, init: RequestInit) => {
    accepted.push(new Headers(init.headers).get('accept'))
    return Response.json(document('https://as.example'))
  }
  await discover('https://as.example', { fetch })
  expect(accepted).toEqual(['application/json'])
})
