import { describe, expect, it } from 'vitest'
import { discover, discoverServerOf } from '../../../src/protocol.js'
import { defineProvider } from '../../../src/providers.js'
import { refusal } from '../../helpers/refusal.js'
import { served } from '../../helpers/served.js'

const T1 = 'https://as.example/t1'
const ORDER = [
  'https://as.example/.well-known/oauth-authorization-server/t1',
  'https://as.example/.well-known/openid-configuration/t1',
  'https://as.example/t1/.well-known/openid-configuration',
]

const document =
  (more: object = {}) =>
  () =>
    Response.json({
      issuer: T1,
      authorization_endpoint: `${T1}/authorize`,
      token_endpoint: `${T1}/token`,
      code_challenge_methods_supported: ['S256'],
      ...more,
    })
const resource = { authorizationServers: [T1, 'https://b.example'] } as const

describe("MCP's order", () => {
  it.each(ORDER.map((url, at) => [url, at + 1] as const))('finds %s as number %i', async (url, requests) => {
    const { asked, fetch } = served({ [url]: document() })
    await expect(discoverServerOf(resource, { fetch })).resolves.toHaveProperty('issuer', T1)
    expect(asked).toEqual(ORDER.slice(0, requests))
  })

  it('asks for JSON, and goes on where a browser hides a 404 without CORS, or the status is of a client’s error', async () => {
    const answers = [
      () => Promise.reject(new TypeError('Failed to fetch')),
      () => new Response('', { status: 499 }),
      document(),
    ]
    const accepted: unknown[] = []
    const fetch = async (_: string, init: RequestInit) => {
      accepted.push(new Headers(init.headers).get('accept'))
      return answers.shift()!()
    }
    await expect(discoverServerOf(resource, { fetch })).resolves.toHaveProperty('issuer', T1)
    expect(accepted).toEqual(Array(3).fill('application/json'))
  })

  it('tells the first failure, where nothing is found', async () => {
    const failing = (...answers: (() => Promise<Response>)[]) =>
      discoverServerOf(resource, { fetch: async () => answers.shift()!() })
    const hidden = () => Promise.reject(new TypeError('Failed to fetch'))
    const absent = async () => new Response('', { status: 404 })
    await refusal(failing(hidden, absent, absent), 'network_error')
    expect((await refusal(failing(absent, hidden, hidden), 'response_refused')).message).toContain(
      `${ORDER[0]} responded with status 404 and no JSON`,
    )
  })

  it('takes no other document in the place of one that the server fails to give', async () => {
    const { asked, fetch } = served({ [ORDER[0]!]: () => new Response('', { status: 500 }), [ORDER[1]!]: document() })
    await refusal(discoverServerOf(resource, { fetch }), 'response_refused')
    expect(asked).toEqual([ORDER[0]])
  })

  it('asks for two documents of an issuer without a path', async () => {
    const { asked, fetch } = served({})
    await refusal(discoverServerOf({ authorizationServers: ['https://b.example'] }, { fetch }), 'response_refused')
    expect(asked).toEqual(
      ['oauth-authorization-server', 'openid-configuration'].map((name) => `https://b.example/.well-known/${name}`),
    )
  })

  it.each([400, 401, 403, 405, 410])('goes on after %i', async (status) => {
    const { fetch } = served({ [ORDER[0]!]: () => new Response('', { status }), [ORDER[1]!]: document() })
    await expect(discoverServerOf(resource, { fetch })).resolves.toHaveProperty('issuer')
  })

  it.each([500, 502, 503])('does not go on after %i, as normal discovery does', async (status) => {
    const { asked, fetch } = served({
      [ORDER[0]!]: () => Response.json({}, { status }),
      [ORDER[2]!]: () => Response.json({}, { status }),
      [ORDER[1]!]: document(),
    })
    await refusal(discoverServerOf(resource, { fetch }), 'response_refused')
    expect(asked).toHaveLength(1)
    await expect(discover(T1, { fetch })).resolves.toHaveProperty('issuer')
  })

  it('takes no document of another issuer, and does not look for a better one', async () => {
    const { asked, fetch } = served({
      [ORDER[0]!]: document({ issuer: 'https://as.example' }),
      [ORDER[1]!]: document(),
    })
    await refusal(discoverServerOf(resource, { fetch }), 'issuer_mismatch')
    expect(asked).toHaveLength(1)
  })

  it('is found one redirect away, at the same origin only', async () => {
    const to = (location: string) => () => new Response(null, { status: 307, headers: { location } })
    const near = served({ [ORDER[0]!]: to('/meta.json'), 'https://as.example/meta.json': document() })
    await expect(discoverServerOf(resource, { fetch: near.fetch })).resolves.toHaveProperty('issuer')
    const far = served({ [ORDER[0]!]: to('https://169.254.169.254/x'), 'https://169.254.169.254/x': document() })
    await refusal(discoverServerOf(resource, { fetch: far.fetch }), 'response_refused')
    expect(far.asked).toHaveLength(1)
  })

  it('counts from where a provider has its metadata', async () => {
    const provider = defineProvider({ name: 'A', reason: 'Moved.', metadataBase: 'https://meta.example/t1' })
    const { asked, fetch } = served({ 'https://meta.example/.well-known/openid-configuration/t1': document() })
    await expect(discoverServerOf(resource, { fetch, provider })).resolves.toHaveProperty('issuer', T1)
    expect(asked).toHaveLength(2)
  })
})

it('uses the server that was chosen, and none that the resource does not name', async () => {
  const { asked, fetch } = served({ [ORDER[0]!]: document() })
  await expect(discoverServerOf(resource, { fetch, issuer: T1 })).resolves.toHaveProperty('issuer', T1)
  const error = await refusal(discoverServerOf(resource, { fetch, issuer: 'https://c.example' }), 'config_invalid')
  expect(error.message).toContain('issuer: must be one of the authorizationServers')
  expect(asked).toHaveLength(1)
})

describe('PKCE', () => {
  it.each([undefined, null, [], ['plain'], 'S256', {}, 'plain S256'])('must be listed, not %j', async (listed) => {
    const { fetch } = served({ [ORDER[0]!]: document({ code_challenge_methods_supported: listed }) })
    await refusal(discoverServerOf(resource, { fetch }), 'pkce_unsupported')
  })

  it('may be known of a server that does not list it, with the reason', async () => {
    const provider = defineProvider({
      name: 'Known',
      reason: 'Documents S256, and refuses a wrong verifier; its metadata has no list.',
      missingMetadata: { code_challenge_methods_supported: ['S256'] },
    })
    const without = { code_challenge_methods_supported: undefined }
    const { fetch } = served({ [ORDER[0]!]: document(without) })
    await refusal(discoverServerOf(resource, { fetch }), 'pkce_unsupported')
    await expect(discoverServerOf(resource, { fetch, provider })).resolves.toHaveProperty('issuer')
    // What the server lists still counts.
    const plain = served({ [ORDER[0]!]: document({ code_challenge_methods_supported: ['plain'] }) })
    await refusal(discoverServerOf(resource, { fetch: plain.fetch, provider }), 'pkce_unsupported')
  })
})

it('refuses a public server whose endpoints are inside a network, before one is used', async () => {
  const { asked, fetch } = served({ [ORDER[0]!]: document({ token_endpoint: 'https://169.254.169.254/token' }) })
  await refusal(discoverServerOf(resource, { fetch }), 'endpoint_refused')
  expect(asked).toHaveLength(1)
  // The counterproof: nothing else would refuse it.
  await expect(discover(T1, { fetch })).resolves.toHaveProperty('token_endpoint', 'https://169.254.169.254/token')
})
