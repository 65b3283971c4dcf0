import { randomToken } from '../../crypto/random.js'
import { createSigningKey } from '../../crypto/signing-key.js'
import type { ClientAuth } from '../../protocol/client-auth/client-auth.js'
import { clientSecretBasic, clientSecretJwt, clientSecretPost } from '../../protocol/client-auth/client-secret.js'
import { privateKeyJwt } from '../../protocol/client-auth/private-key-jwt.js'
import type { AuditClient } from '../client.js'
import type { AuditContext } from './context.js'

/** Client authentication in the client's way, with a secret or a key that is not the client's. Undefined for mutual TLS. */
export async function wrongAuth(client: AuditClient): Promise<ClientAuth | undefined> {
  const secret = randomToken()
  switch (client.clientAuth?.method) {
    case 'client_secret_basic':
      return clientSecretBasic(secret)
    case 'client_secret_post':
      return clientSecretPost(secret)
    case 'client_secret_jwt':
      return clientSecretJwt(secret)
    case 'private_key_jwt':
      return privateKeyJwt((await createSigningKey()).privateKey, client.key?.kid ? { keyId: client.key.kid } : {})
    default:
      return undefined
  }
}

/** The client's secret, if it has one. */
export async function secretOf(context: AuditContext, client: AuditClient): Promise<string | undefined> {
  if (!client.clientAuth?.secret) return undefined
  const { headers } = await context.authenticated('token_endpoint', {}, client)
  return client.clientAuth.secret(headers)
}
