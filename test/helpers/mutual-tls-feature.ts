import type { TLSSocket } from 'node:tls'
import type { KoaContextWithOIDC } from 'oidc-provider'

const socketOf = ({ req }: KoaContextWithOIDC) => req.socket as TLSSocket

/** Feature `mTLS` of `oidc-provider`: client certificates are those of its own TLS connection, with no proxy in front. */
export const mutualTlsFeature = {
  enabled: true,
  tlsClientAuth: true,
  selfSignedTlsClientAuth: true,
  getCertificate: (ctx: KoaContextWithOIDC) => socketOf(ctx).getPeerX509Certificate?.(),
  certificateAuthorized: (ctx: KoaContextWithOIDC) => socketOf(ctx).authorized,
  certificateSubjectMatches: (ctx: KoaContextWithOIDC, _: string, expected: string) =>
    socketOf(ctx).getPeerX509Certificate()?.subject === expected,
}
