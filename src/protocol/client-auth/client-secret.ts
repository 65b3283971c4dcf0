import { ClientSecretBasic, ClientSecretJwt, ClientSecretPost } from 'oauth4webapi'
import { configInvalid } from '../authorize/begin.js'
import type { ClientAuth } from './client-auth.js'

/**
 * The secret in the `Authorization` header, form-encoded before base64 (RFC 6749 §2.3.1).
 * @throws `config_invalid`
 */
export const clientSecretBasic = (secret: string): ClientAuth => ({
  method: 'client_secret_basic',
  authenticate: ClientSecretBasic(checked(secret)),
})

/**
 * The secret in the request's body (RFC 6749 §2.3.1); for servers that do not take the header.
 * @throws `config_invalid`
 */
export const clientSecretPost = (secret: string): ClientAuth => ({
  method: 'client_secret_post',
  authenticate: ClientSecretPost(checked(secret)),
})

/**
 * An assertion under HMAC-SHA-256 with the secret, which itself stays here; made anew for every request (OpenID Connect
 * Core §9).
 * @throws `config_invalid`
 */
export const clientSecretJwt = (secret: string): ClientAuth => ({
  method: 'client_secret_jwt',
  authenticate: ClientSecretJwt(checked(secret)),
})

/**
 * A client secret in a browser, where everybody can read it: it proves nothing. For providers that demand one of "web"
 * clients all the same; PKCE is what protects the code. In the request's body.
 *
 * @deprecated Marked so that it stands out: a secret that ships with an app is no secret (RFC 8252 §8.5).
 * @throws `config_invalid`
 */
export const exposedClientSecret = (secret: string): ClientAuth => clientSecretPost(secret)

function checked(secret: string): string {
  if (typeof secret !== 'string' || !secret) {
    throw configInvalid([`secret (${typeof secret}): the text the server gave this client`])
  }
  // RFC 6749 appendix A.2 has none; here it is what a file or a shell put behind the secret.
  if (/\p{Cc}/u.test(secret)) throw configInvalid(['secret (string): trim it, it holds a line break or the like'])
  return secret
}
