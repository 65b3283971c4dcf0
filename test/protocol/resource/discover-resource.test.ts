import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptResourceOfWholeOrigin, allowInsecureLoopback, discoverResource } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'
import { served } from '../../helpers/served.js'

const MCP = 'https://mcp.example/mcp'
const WELL_KNOWN = 'https://mcp.example/.well-known/oauth-protected-resource'
const AS = 'https://as.example'

const document =
  (resource: unknown = MCP, more: object = {}) =>
  () =>
    Response.json({ resource, authorization_servers: [AS], ...more })
const status = (code: number) => () => new Response('no', { status: code })
const challenge = (header: string) => new Response(null, { status: 401, headers: { 'www-authenticate': header } })

describe('where the document is', () => {
  it.each([
    ['https://mcp.example/mcp', `${WELL_KNOWN}/mcp`],
    ['https://mcp.example/mcp/', `${WELL_KNOWN}/mcp/`],
    ['https://mcp.example/a/b?tenant=1', `${WELL_KNOWN}/a/b?tenant=1`],
    ['https://mcp.example/?tenant=1', `${WELL_KNOWN}?tenant=1`],
    ['https://mcp.example', WELL_KNOWN],
    ['https://mcp.example/', WELL_KNOWN],
  ])('of %s: %s', async (resource, url) => {
    const { asked, fetch } = served({ [url]: document(resource) })
    await expect(discoverResource(resource, { fetch })).resolves.toMatchObject({
      resource,
      authorizationServers: [AS],
      documentUrl: url,
    })
    expect(asked).toEqual([url])
  })

  it('is the root, if there is none at the path', async () => {
    const { asked, fetch } = served({ [WELL_KNOWN]: document() })
    await expect(discoverResource(MCP, { fetch })).resolves.toHaveProperty('documentUrl', WELL_KNOWN)
    expect(asked).toEqual([`${WELL_KNOWN}/mcp`, WELL_KNOWN])
  })

  it.each<[string, () => Response]>([
    ['404', status(404)],
    ['401', status(401)],
    ['405', status(405)],
    ['a page of the app', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    [
      'no response, as a browser sees a 404 without CORS',
      () => {
        throw new TypeError('Failed to fetch')
      },
    ],
  ])('goes on from the path to the root after %s', async (_, respond) => {
    const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: respond, [WELL_KNOWN]: document() })
    await expect(discoverResource(MCP, { fetch })).resolves.toHaveProperty('resource', MCP)
  })

  it.each<[string, () => Response]>([
    ['500', status(500)],
    ['503', status(503)],
    ['a redirect', () => Response.redirect('https://mcp.example/elsewhere')],
  ])('does not go on after %s: the server has a document, and cannot serve it now', async (_, respond) => {
    const { asked, fetch } = served({ [`${WELL_KNOWN}/mcp`]: respond, [WELL_KNOWN]: document() })
    await refusal(discoverResource(MCP, { fetch }), 'response_refused')
    expect(asked).toHaveLength(1)
  })

  it('is what the challenge names, at any host, and nothing else', async () => {
    const url = 'https://meta.example/mcp.json'
    const header = `Bearer realm="x, resource_metadata=\\"https://evil.example\\"", resource_metadata="${url}"`
    const { asked, fetch } = served({ [url]: document(), [WELL_KNOWN]: document() })
    const found = await discoverResource(MCP, { fetch, response: challenge(header) })
    expect(found.documentUrl).toBe(url)
    expect(asked).toEqual([url])
    const none = served({ [`${WELL_KNOWN}/mcp`]: document() })
    await refusal(discoverResource(MCP, { fetch: none.fetch, response: challenge(header) }), 'response_refused')
    expect(none.asked).toEqual([url])
  })

  it.each([
    'Basic realm="mcp"',
    'Bearer error="invalid_token"',
    'Bearer xresource_metadata="https://evil.example/x"',
    'Bearer realm="resource_metadata=https://evil.example/x"',
    '',
  ])('is the well-known one after the challenge %s', async (header) => {
    const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: document() })
    await expect(discoverResource(MCP, { fetch, response: challenge(header) })).resolves.toHaveProperty('resource', MCP)
  })

  it.each(['', 'nonsense', '/relative', 'http://mcp.example/x', 'https://a@mcp.example/', 'https://mcp.example/#x'])(
    'is not asked for at a URL like %j in the challenge',
    async (url) => {
      const { asked, fetch } = served({})
      const response = challenge(`Bearer resource_metadata="${url}"`)
      await refusal(discoverResource(MCP, { fetch, response }), 'endpoint_refused')
      expect(asked).toEqual([])
    },
  )

  it.each([
    'http://mcp.example',
    'mcp.example',
    'javascript:alert(1)',
    'https://a:b@mcp.example',
    'https://mcp.example/#',
    '',
  ])('is not asked for where the resource is %j', async (resource) => {
    const { asked, fetch } = served({})
    await refusal(discoverResource(resource, { fetch }), 'config_invalid')
    expect(asked).toEqual([])
  })
})

describe('the resource that the document names', () => {
  it.each<[string, string]>([
    ['https://mcp.example', 'https://mcp.example/'],
    ['https://mcp.example/', 'https://mcp.example'],
    ['https://MCP.example/mcp', MCP],
  ])('may write the same URL otherwise: asked %s, named %s', async (asked, named) => {
    const { fetch } = served({ [WELL_KNOWN]: document(named), [`${WELL_KNOWN}/mcp`]: document(named) })
    await expect(discoverResource(asked, { fetch })).resolves.toHaveProperty('resource', named)
  })

  it.each(
    [
      'https://mcp.example/mcp/',
      'https://mcp.example/MCP',
      'https://mcp.example/mcp?x',
      'https://mcp.example/other',
      'https://mcp.example',
      'https://MCP.example/mcp',
      'https://mcp.example:443/mcp',
      'https://mcp.example/./mcp',
      'https://api.bank.example',
      '',
      null,
      undefined,
      [MCP],
      [MCP, 'https://api.bank.example'],
      { toString: MCP },
      1,
    ].map((named) => ({ named })),
  )('is not another one: $named', async ({ named }) => {
    const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: document(named ?? null) })
    await refusal(discoverResource(MCP, { fetch }), 'resource_mismatch')
  })

  it('is not the bank that a hostile server wants a token for, wherever its document is', async () => {
    const bank = 'https://api.bank.example/'
    const url = 'https://evil.example/.well-known/oauth-protected-resource'
    const header = `Bearer resource_metadata="https://api.bank.example/.well-known/oauth-protected-resource"`
    const documents = {
      [url]: document(bank),
      'https://api.bank.example/.well-known/oauth-protected-resource': document(bank),
    }
    const { fetch } = served(documents)
    for (const originResource of [undefined, acceptResourceOfWholeOrigin]) {
      const options = { fetch, originResource }
      await refusal(discoverResource('https://evil.example/mcp', options), 'resource_mismatch')
      const response = challenge(header)
      await refusal(discoverResource('https://evil.example/mcp', { ...options, response }), 'resource_mismatch')
    }
    // The counterproof: of the bank itself it is accepted.
    await expect(discoverResource(bank, { fetch })).resolves.toHaveProperty('resource', bank)
  })

  it('may be the origin in the document at the root, only by its named exception', async () => {
    const { fetch } = served({ [WELL_KNOWN]: document('https://mcp.example') })
    const error = await refusal(discoverResource(MCP, { fetch }), 'resource_mismatch')
    expect(error.hint).toContain('acceptResourceOfWholeOrigin')
    const options = { fetch, originResource: acceptResourceOfWholeOrigin }
    await expect(discoverResource(MCP, options)).resolves.toHaveProperty('resource', 'https://mcp.example')
    const response = challenge(`Bearer resource_metadata="${WELL_KNOWN}"`)
    await expect(discoverResource(MCP, { ...options, response })).resolves.toHaveProperty('resource')
  })

  it('is not the origin in a document elsewhere, which a tenant of the host may have written', async () => {
    const url = `${WELL_KNOWN}/evil/mcp`
    const elsewhere = 'https://mcp.example/evil/resource.json'
    const { fetch } = served({ [url]: document('https://mcp.example'), [elsewhere]: document('https://mcp.example') })
    const options = { fetch, originResource: acceptResourceOfWholeOrigin }
    await refusal(discoverResource('https://mcp.example/evil/mcp', options), 'resource_mismatch')
    const response = challenge(`Bearer resource_metadata="${elsewhere}"`)
    await refusal(discoverResource('https://mcp.example/evil/mcp', { ...options, response }), 'resource_mismatch')
  })
})

describe('its authorization servers', () => {
  const of = async (authorization_servers: unknown) => {
    const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: document(MCP, { authorization_servers }) })
    return (await discoverResource(MCP, { fetch })).authorizationServers
  }

  it('are offered in their order, each once, at most ten, without those that cannot be used', async () => {
    await expect(of(['https://a.example', AS, AS, 'https://a.example'])).resolves.toEqual(['https://a.example', AS])
    const bad = ['http://as.example', 'https://as.example?x', 'https://as.example#', 'nonsense', 1, null, {}]
    await expect(of([...bad, AS])).resolves.toEqual([AS])
    const many = Array.from({ length: 5000 }, (_, at) => `https://as${at}.example`)
    await expect(of(many)).resolves.toEqual(many.slice(0, 10))
  })

  it.each<[unknown, 'response_refused' | 'endpoint_refused']>([
    [undefined, 'response_refused'],
    [[], 'response_refused'],
    [['http://as.example'], 'endpoint_refused'],
    [[`https://as.example/${'x'.repeat(3000)}`], 'endpoint_refused'],
    [['https://user:password@as.example'], 'endpoint_refused'],
    [{ 0: AS }, 'endpoint_refused'],
    [[{ toString: AS }], 'endpoint_refused'],
    [[[AS]], 'endpoint_refused'],
  ])('must be there: %j', async (servers, code) => {
    await refusal(of(servers), code)
  })

  it.each([
    'https://169.254.169.254',
    'https://localhost:8443',
    'https://10.0.0.1',
    'https://[fd00::1]',
    'https://vault',
  ])('are not inside a network where the resource is public: %s', async (issuer) => {
    await refusal(of([issuer]), 'endpoint_refused')
    await expect(of([issuer, AS])).resolves.toEqual([AS])
  })
})

describe('the scope', () => {
  it.each<[string, unknown, string | undefined]>([
    ['Bearer scope="a b"', ['c'], 'a b'],
    ['Bearer', ['c', 'd', 'c'], 'c d'],
    ['Bearer scope=""', ['c'], 'c'],
    ['Bearer', undefined, undefined],
    ['Bearer', [], undefined],
    ['Bearer', ['c d', 'e"', 1, null, '', 'f'], 'f'],
    ['Bearer', 'c', 'c'],
  ])('of the challenge %j and the list %j is %j', async (header, scopes_supported, scope) => {
    const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: document(MCP, { scopes_supported }) })
    const found = await discoverResource(MCP, { fetch, response: challenge(header) })
    expect(found.scope).toBe(scope)
  })
})

it('is bounded in size and time', async () => {
  const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: document(MCP, { x: 'x'.repeat(2 ** 20) }) })
  await refusal(discoverResource(MCP, { fetch }), 'response_refused')
  const never: typeof globalThis.fetch = (_, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
  await refusal(discoverResource(MCP, { fetch: never, timeoutSeconds: 0.01 }), 'timeout')
})

it('finds a resource on a loopback host in development', async () => {
  const resource = 'http://localhost:3000/mcp'
  const { fetch } = served({
    'http://localhost:3000/.well-known/oauth-protected-resource/mcp': () =>
      Response.json({ resource, authorization_servers: ['http://127.0.0.1:4000', 'https://169.254.169.254'] }),
  })
  await refusal(discoverResource(resource, { fetch }), 'config_invalid')
  const found = await discoverResource(resource, { fetch, insecure: allowInsecureLoopback })
  expect(found.authorizationServers).toEqual(['http://127.0.0.1:4000'])
})

it('takes any document, and gives nothing but what was asked, https and public', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.webUrl(),
    fc.constant(MCP),
    fc.constant(AS),
    fc.constant('https://10.0.0.1'),
  )
  const documents = fc.record(
    {
      resource: fc.oneof(fc.constant(MCP), value),
      authorization_servers: fc.oneof(fc.array(value), value),
      scopes_supported: value,
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(documents, fc.jsonValue()), async (body) => {
      const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: () => Response.json(body) })
      const found = await discoverResource(MCP, { fetch }).catch((error) => {
        expect(error.code).toMatch(/^(response_refused|resource_mismatch|endpoint_refused)$/)
      })
      if (!found) return
      expect(found.resource).toBe(MCP)
      expect(found.authorizationServers.length).toBeGreaterThan(0)
      for (const issuer of found.authorizationServers) expect(new URL(issuer).protocol).toBe('https:')
      expect(found.authorizationServers).not.toContain('https://10.0.0.1')
      expect(found.scope ?? 'x').toMatch(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/)
    }),
  )
})

describe('what is wrong is said', () => {
  const found = (body: () => Response, header?: string) => {
    const { fetch } = served({ [`${WELL_KNOWN}/mcp`]: body, 'https://meta.example/?of=mcp': body })
    return discoverResource(MCP, { fetch, ...(header && { response: challenge(header) }) })
  }

  it.each<[unknown, string]>([
    ['https://evil.example', `The document of ${MCP} is of "https://evil.example".`],
    [{ a: 1 }, `The document of ${MCP} is of a value of type object.`],
    [7, `The document of ${MCP} is of a value of type number.`],
  ])('of a document for another resource: %j', async (resource, message) => {
    expect((await refusal(found(document(resource)), 'resource_mismatch')).message).toBe(message)
  })

  it('of a document without a server, and of none at all', async () => {
    const empty = await refusal(found(document(MCP, { authorization_servers: [] })), 'response_refused')
    expect(empty.message).toContain('names no authorization server')
    const absent = await refusal(found(status(404)), 'response_refused')
    expect(absent.hint).toContain('Check the URL of the resource')
  })

  it('of a resource that is none', async () => {
    for (const resource of ['mcp', 'http://mcp.example/mcp', 'https://a@mcp.example/', `${MCP}#a`])
      expect((await refusal(discoverResource(resource), 'config_invalid')).message).toContain(
        'resource (string): must be an https URL',
      )
  })

  it('the URL of a document may have a query, that of an issuer may not (RFC 8414 §2)', async () => {
    const header = 'Bearer resource_metadata="https://meta.example/?of=mcp"'
    await expect(found(document(), header)).resolves.toHaveProperty('documentUrl', 'https://meta.example/?of=mcp')
    const servers = { authorization_servers: [`${AS}/?of=mcp`] }
    expect((await refusal(found(document(MCP, servers)), 'endpoint_refused')).message).toContain(
      'is not a plain https URL',
    )
  })

  it('a URL is read up to 2048 characters', async () => {
    const long = (length: number) => `${AS}/${'a'.repeat(length - AS.length - 1)}`
    const of = (length: number) => found(document(MCP, { authorization_servers: [long(length)] }))
    await expect(of(2048)).resolves.toHaveProperty('authorizationServers', [long(2048)])
    expect((await refusal(of(2049), 'endpoint_refused')).message).toContain('authorization_servers is too long')
  })

  it('of a hundred scopes at most, what is a scope', async () => {
    const scopes = Array.from({ length: 150 }, (_, index) => `scope-${index}`)
    const scopes_supported = ['', 7, 'two values', 'a"b', ...scopes]
    expect((await found(document(MCP, { scopes_supported }))).scope).toBe(scopes.slice(0, 100).join(' '))
    expect((await found(document())).scope).toBeUndefined()
  })
})
