import { ProofkeyError } from '../errors.js'
import type { ClientAuth } from './client-auth.js'
import type { ServerMetadata } from './metadata.js'

/**
 * Refuses a method that the server does not advertise, before anything is sent. A server that advertises none is taken
 * at its silence, and `none` always passes: many servers take public clients without listing it.
 * @throws `client_auth_unsupported`
 */
export function checkClientAuth(server: ServerMetadata, { method }: ClientAuth): void {
  const methods = server.token_endpoint_auth_methods_supported
  if (method !== 'none' && methods && !methods.includes(method)) {
    throw new ProofkeyError(
      'client_auth_unsupported',
      `The server does not take ${method}.`,
      `Choose one of ${methods.join(', ')}, and register the client with it.`,
    )
  }
}
