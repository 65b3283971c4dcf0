import { type ClientAuth as Authenticate, None } from 'oauth4webapi'
import type { RequestOptions } from './request.js'
import type { PinnedServer } from './transaction.js'

/** How the client proves itself at the token endpoint. */
export interface ClientAuth {
  /** The method's registered name (RFC 7591 §2, `token_endpoint_auth_method`). */
  readonly method: string
  /** Another way to the server, for a proof that lies in the connection: other endpoints, another `fetch`. */
  readonly route?:
    | ((server: PinnedServer, options: RequestOptions) => readonly [PinnedServer, RequestOptions])
    | undefined
  /** Adds the proof to the request's body or headers. */
  readonly authenticate: Authenticate
}

/** A public client: names itself and proves nothing (RFC 6749 §2.1). PKCE protects the code. */
export const none = (): ClientAuth => ({ method: 'none', authenticate: None() })
