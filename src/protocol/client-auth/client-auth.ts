import { type ClientAuth as Authenticate, None } from 'oauth4webapi'
import { ProofkeyError, redact } from '../../errors.js'
import type { PinnedServer } from '../authorize/transaction.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import type { RequestOptions } from '../request.js'

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

/**
 * Refuses a proof that the server does not list, before anything is sent. `none` is never refused: many servers take
 * public clients without listing it. Nor is anything where the list is absent.
 * @throws `client_auth_unsupported`
 */
export function checkClientAuth(server: ServerMetadata, { method }: ClientAuth): void {
  const listed: unknown = server.token_endpoint_auth_methods_supported
  if (listed == null || method === 'none' || [listed].flat().includes(method)) return
  throw new ProofkeyError(
    'client_auth_unsupported',
    `The server does not take ${method}, only ${redact([listed].flat().join(', '))}.`,
    'Choose one that it lists, or enable yours there.',
  )
}
