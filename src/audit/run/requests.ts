import type { ClientAuth } from '../../protocol/client-auth/client-auth.js'
import type { AuditClient } from '../client.js'

/** The server's metadata as it is served; nothing in it is checked. */
export type Metadata = Readonly<Record<string, unknown>>

/** Parameters to set; `undefined` removes one, a list sends it several times. */
export type Changes = Readonly<Record<string, string | readonly string[] | undefined>>

/** An authorization request with what its answer is held against. */
export interface AuthorizationRequest {
  readonly url: URL
  readonly verifier: string
  readonly state: string
  readonly nonce: string
  readonly redirectUri: string
  /** The client that asks. */
  readonly client: AuditClient
}

/** A code and the request that it answers. */
export interface IssuedCode {
  readonly code: string
  readonly request: AuthorizationRequest
  /** All parameters of the callback. */
  readonly parameters: URLSearchParams
}

/** How a token request differs from an honest one. */
export interface TokenRequestChanges {
  /** Parameters of the body. */
  readonly body?: Changes
  /** Who asks. Default: the client of the code. */
  readonly client?: AuditClient
  /** Default: the client's own. */
  readonly clientAuth?: ClientAuth
  readonly headers?: Readonly<Record<string, string>>
  /** Sent without a pause, for requests that must arrive at once. */
  readonly unpaced?: true
}
