import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { certificateThumbprint } from '../../src/protocol/resource/certificate.js'
import { type CertificateOf, certificateFromTrustedProxyHeader, memoryReplayCache } from '../../src/resource-server.js'
import { boundTo, createApi, createTokenServer, proofFor, requestWith } from '../helpers/api-tokens.js'
import { refusal } from '../helpers/refusal.js'
import { selfSigned } from '../helpers/tls.js'

const [own, other] = [selfSigned('/CN=client').cert, selfSigned('/CN=other').cert]
const derOf = (pem: string) => new X509Certificate(pem).raw
const thumbprint = async (pem: string) =>
  Buffer.from(await crypto.subtle.digest('SHA-256', derOf(pem))).toString('base64url')

async function setUp(certificateOf: CertificateOf, required?: true) {
  const server = createTokenServer()
  const api = createApi(server, { mutualTls: { certificateOf, required } })
  const token = server.token({ cnf: { 'x5t#S256': await thumbprint(own) } })
  return {
    server,
    api,
    token,
    authorize: (headers: object = {}, by = token) =>
      api.authorize(requestWith({ authorization: `Bearer ${by}`, ...headers })),
  }
}

describe('a token that is bound to a certificate', () => {
  it.each<[string, CertificateOf]>([
    ['DER', () => derOf(own)],
    ['PEM', () => own],
    ['a chain', () => `${own}${other}`],
    ['a promise', async () => own],
  ])('authorizes on a connection with it: %s', async (_, certificateOf) => {
    const { authorize } = await setUp(certificateOf)
    expect((await authorize()).binding).toBe('mutual-tls')
  })

  it.each<[string, CertificateOf]>([
    ['another certificate', () => other],
    ['another one, and a chain with its own', () => `${other}${own}`],
    ['none', () => undefined],
    ['an empty text', () => ''],
    ['no certificate', () => 'x'],
    ['a PEM that is none', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['the thumbprint itself', () => new Uint8Array([0x31])],
  ])('is refused with %s', async (_, certificateOf) => {
    const { authorize } = await setUp(certificateOf)
    const error = await refusal(authorize(), 'token_refused')
    expect(error.claim).toBe('cnf')
    expect(error.toResponse!().status).toBe(401)
  })

  it('is the only kind that is accepted where it is required', async () => {
    const { authorize, server } = await setUp(() => own, true)
    await authorize()
    await refusal(authorize({}, server.token()), 'token_refused')
    const dpop = { replayCache: memoryReplayCache() }
    const api = createApi(server, { dpop, mutualTls: { certificateOf: () => own, required: true } })
    const token = server.token(boundTo())
    const request = requestWith({ authorization: `DPoP ${token}`, dpop: proofFor(token) })
    await refusal(api.authorize(request), 'token_refused')
    const lax = await setUp(() => own)
    expect((await lax.authorize({}, lax.server.token())).binding).toBe('none')
  })

  it('cannot be required together with DPoP: no token has both', async () => {
    const config = {
      dpop: { replayCache: memoryReplayCache(), required: true as const },
      mutualTls: { certificateOf: () => own, required: true as const },
    }
    await refusal(() => createApi(createTokenServer(), config), 'config_invalid')
  })
})

describe('certificateFromTrustedProxyHeader', () => {
  it.each([
    ['RFC 9440', `:${derOf(own).toString('base64')}:`],
    ['nginx', encodeURIComponent(own)],
  ])('reads the form of %s', async (_, value) => {
    const { authorize } = await setUp(certificateFromTrustedProxyHeader('client-cert'))
    await authorize({ 'client-cert': value })
  })

  it.each([
    ['another one', `:${derOf(other).toString('base64')}:`],
    ['two', `:${derOf(other).toString('base64')}:, :${derOf(own).toString('base64')}:`],
    ['two in the other form', `${encodeURIComponent(own)}, ${encodeURIComponent(own)}`],
    ['broken encoding', '%E0%A4%A'],
    ['nothing', ''],
  ])('is refused with %s', async (_, value) => {
    const { authorize } = await setUp(certificateFromTrustedProxyHeader('client-cert'))
    await refusal(authorize({ 'client-cert': value }), 'token_refused')
  })

  it('is needed: without it, no header counts', async () => {
    const { authorize } = await setUp(() => undefined)
    await refusal(authorize({ 'client-cert': `:${derOf(own).toString('base64')}:` }), 'token_refused')
    await refusal(() => certificateFromTrustedProxyHeader('a b'), 'config_invalid')
  })
})

describe('what is no certificate', () => {
  const read = (value?: string) =>
    certificateFromTrustedProxyHeader('client-cert')(
      new Request('https://api.example/', { headers: value === undefined ? {} : { 'client-cert': value } }),
    )
  const pem = (base64: string) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`

  it.each<[string, Parameters<typeof certificateThumbprint>[0]]>([
    ['nothing', undefined],
    ['bytes of another kind', new Uint8Array([1, 2, 3])],
    ['no bytes', new Uint8Array()],
    ['a text', 'certificate'],
    ['a PEM of another kind', pem(btoa('text'))],
    ['a PEM that is no base64', pem('====')],
    ['a PEM of nothing', pem('')],
  ])('has no thumbprint: %s', async (_, certificate) => {
    expect(await certificateThumbprint(certificate)).toBeUndefined()
    expect(await certificateThumbprint(own)).toBe(await thumbprint(own))
  })

  it('is not read of a header with more than a certificate in it, or of none', async () => {
    const bytes = `:${derOf(own).toString('base64')}:`
    expect(await certificateThumbprint(await read(bytes))).toBe(await thumbprint(own))
    for (const value of [`${bytes}x`, `x${bytes}`, '%zz', undefined])
      expect(await certificateThumbprint(await read(value))).toBeUndefined()
  })

  it('nor of a header that cannot be one', async () => {
    for (const name of ['a b', '', 'client-cert:', ' client-cert'])
      expect((await refusal(() => certificateFromTrustedProxyHeader(name), 'config_invalid')).message).toContain(
        'header: must be the name of a header',
      )
  })
})
