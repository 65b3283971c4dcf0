import type { TLSSocket } from 'node:tls'
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import { Agent, fetch as undiciFetch } from 'undici'
import '../../examples/demo/quiet.js'
import { browserClient } from '../../examples/demo/provider.js'
import { mutualTls } from '../../src/node.js'
import { assertionKey } from '../servers/assertion-key.js'
import { fapiProfile } from './fapi-profile.js'
import { givenToFetch } from './given-to-fetch.js'
import { createAuthority, startTlsServer } from './tls.js'

export const REDIRECT_URI = 'https://app.example/auth/callback'

const socketOf = (ctx: KoaContextWithOIDC) => ctx.req.socket as TLSSocket

/**
 * `oidc-provider` with its FAPI 2.0 profile, over TLS, with tokens bound to a DPoP key or to the certificate of the connection.
 * Its UserInfo endpoint stands for an API.
 */
export async function startFapiServer() {
  const authority = createAuthority()
  const certificate = authority.issue('/CN=app')
  const tls = await startTlsServer(authority)
  const { jwk, publicJwk } = await assertionKey()
  const { client, configuration } = fapiProfile(REDIRECT_URI)
  const byAssertion = { token_endpoint_auth_method: 'private_key_jwt' as const, jwks: { keys: [publicJwk] } }
  const byCertificate = { token_endpoint_auth_method: 'tls_client_auth' as const, tls_client_auth_subject_dn: 'CN=app' }
  const toKey = { dpop_bound_access_tokens: true }
  const toCertificate = { tls_client_certificate_bound_access_tokens: true }
  const provider = new Provider(tls.origin, {
    ...browserClient('unused', [REDIRECT_URI]),
    ...configuration,
    clients: [
      { ...client, ...byAssertion, ...toKey, client_id: 'jwt-dpop' },
      { ...client, ...byAssertion, ...toCertificate, client_id: 'jwt-certificate' },
      { ...client, ...byCertificate, ...toKey, client_id: 'mtls-dpop' },
      { ...client, ...byCertificate, ...toCertificate, client_id: 'mtls-certificate' },
    ] as never,
    clientAuthMethods: ['private_key_jwt', 'tls_client_auth'],
    features: {
      ...configuration.features,
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        tlsClientAuth: true,
        getCertificate: (ctx: KoaContextWithOIDC) => socketOf(ctx).getPeerX509Certificate()?.toString(),
        certificateAuthorized: (ctx: KoaContextWithOIDC) => socketOf(ctx).authorized,
        certificateSubjectMatches: (ctx: KoaContextWithOIDC, _: string, expected: string) =>
          socketOf(ctx).getPeerX509Certificate()?.subject === expected,
      },
      registration: { enabled: true },
    },
    rotateRefreshToken: true,
  } as unknown as Configuration)
  tls.server.on('request', provider.callback())

  const dispatcher = new Agent({ connect: { ca: authority.cert } })
  const opened = mutualTls({ ...certificate, ca: authority.cert })
  /** What was sent, with its body. */
  const requests: { url: string; headers: Headers; body: string }[] = []
  return {
    issuer: tls.origin,
    jwk,
    requests,
    /** Shows the client's certificate. */
    certificate: opened,
    /** `fetch` without a certificate. */
    async fetch(...given: Parameters<typeof fetch>): Promise<Response> {
      const { url, init } = await givenToFetch(...given)
      requests.push({ url, headers: new Headers(init.headers), body: `${init.body ?? ''}` })
      return (await undiciFetch(url, { ...(init as object), dispatcher })) as unknown as Response
    },
    async close() {
      await opened.close()
      await dispatcher.close()
      await tls.close()
    },
  }
}

export type FapiServer = Awaited<ReturnType<typeof startFapiServer>>
