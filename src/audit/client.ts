import type { ClientAuth } from '../protocol/client-auth/client-auth.js'
import type { PrivateJwk } from '../protocol/client-auth/private-key-jwt.js'

/** A client of the audited server, registered for the audit. */
export interface AuditClient {
  readonly clientId: string
  /** Default: a public client, which has none. */
  readonly clientAuth?: ClientAuth | undefined
  /** The private key of `private_key_jwt` again: hostile assertions are signed with it. Without it none are tried. */
  readonly key?: PrivateJwk | undefined
  /** What the sign-ins ask for. Default `openid`. */
  readonly scope?: string | undefined
  /** Its registered redirect URI. Default: that of the browser. */
  readonly redirectUri?: string | undefined
}

export const isPublic = ({ clientAuth }: AuditClient): boolean => !clientAuth || clientAuth.method === 'none'
