import { describe, expect, it } from 'vitest'
import { type PinnedServer, selfSignedTlsClientAuth, tlsClientAuth } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const server: PinnedServer = {
  issuer: 'https://as.example',
  token_endpoint: 'https://as.example/token',
  mtls_endpoint_aliases: { token_endpoint: 'https://mtls.as.example/token', revocation_endpoint: 'https://x.example' },
}
const methods = [
  ['tls_client_auth', tlsClientAuth],
  ['self_signed_tls_client_auth', selfSignedTlsClientAuth],
] as const

describe.each(methods)('%s', (method, make) => {
  it('names the client, and leaves the proof to the connection', async () => {
    const clientAuth = make()
    const body = new URLSearchParams()
    const headers = new Headers()
    await clientAuth.authenticate(server, { client_id: 'app' }, body, headers)
    expect(clientAuth.method).toBe(method)
    expect([...body]).toEqual([['client_id', 'app']])
    expect([...headers]).toEqual([])
  })

  it('goes through the aliases where the server has them, and changes nothing else', () => {
    const [at] = make().route!(server, {})
    expect(at).toEqual({
      ...server,
      token_endpoint: 'https://mtls.as.example/token',
      revocation_endpoint: 'https://x.example',
    })
    expect(server.token_endpoint).toBe('https://as.example/token')
  })

  it.each([
    ['no aliases', undefined],
    ['none for the token endpoint', { revocation_endpoint: 'https://x.example' }],
  ])('goes to the endpoint itself where there are %s', (_, aliases) => {
    const { mtls_endpoint_aliases: _aliases, ...rest } = server
    const [at] = make().route!({ ...rest, ...(aliases && { mtls_endpoint_aliases: aliases }) }, {})
    expect(at.token_endpoint).toBe('https://as.example/token')
  })

  it('uses the fetch it is given, as it is, and keeps the other options', () => {
    const own: typeof fetch = async () => new Response()
    const { signal } = new AbortController()
    const [, by] = make({ fetch: own }).route!(server, { fetch, signal, timeoutSeconds: 3 })
    expect(by).toEqual({ fetch: own, signal, timeoutSeconds: 3 })
  })

  it('without one sends credentials, by which a browser shows its certificate', async () => {
    const sent: Parameters<typeof fetch>[] = []
    const given: typeof fetch = async (...request) => {
      sent.push(request)
      return new Response()
    }
    const [, by] = make().route!(server, { fetch: given })
    await by.fetch!('https://mtls.as.example/token', { method: 'POST', credentials: 'omit', redirect: 'manual' })
    expect(sent).toEqual([
      ['https://mtls.as.example/token', { method: 'POST', credentials: 'include', redirect: 'manual' }],
    ])
  })

  it('refuses a fetch that is none', async () => {
    const error = await refusal(() => make({ fetch: 'fetch' as never }), 'config_invalid')
    expect(error.message).toMatch(/fetch \(string\)/)
  })
})
