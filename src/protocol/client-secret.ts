import { ClientSecretBasic, ClientSecretJwt, ClientSecretPost } from 'oauth4webapi'
import type { ClientAuth } from './client-auth.js'

/** The secret in the `Authorization` header, form-encoded before base64 (RFC 6749 §2.3.1). */
export const clientSecretBasic = (secret: string): ClientAuth => ({
  method: 'client_secret_basic',
  authenticate: ClientSecretBasic(secret),
})

/** The secret in the request's body (RFC 6749 §2.3.1); for servers that do not take the header. */
export const clientSecretPost = (secret: string): ClientAuth => ({
  method: 'client_secret_post',
  authenticate: ClientSecretPost(secret),
})

/** An assertion under HMAC-SHA-256 with the secret, which itself stays here (OpenID Connect Core §9). */
export const clientSecretJwt = (secret: string): ClientAuth => ({
  method: 'client_secret_jwt',
  authenticate: ClientSecretJwt(secret),
})

/**
 * A client secret in a browser, where everybody can read it: it proves nothing. For providers that demand one of "web"
 * clients all the same; PKCE is what protects the code. In a request's body.
 *
 * @deprecated Marked so that it stands out: a secret that ships with an app is no secret (RFC 8252 §8.5).
 */
export const exposedClientSecret = clientSecretPost
