import { ClientSecretJwt, ClientSecretPost } from 'oauth4webapi'
import { utf8 } from '../../crypto/web-crypto.js'
import { ProofkeyError } from '../../errors.js'
import { configInvalid } from '../authorize/begin.js'
import type { Authenticate, ClientAuth } from './client-auth.js'

/**
 * The `client_secret` from the registration, or a function that returns it. The function is called for each request: for a
 * secret that is kept elsewhere, or a JWT that the app signs itself (Sign in with Apple). To cache is up to the function.
 */
export type ClientSecret = string | (() => string | Promise<string>)

/**
 * `client_secret_basic`: sends the secret in the `Authorization` header, form-encoded before base64 (RFC 6749 §2.3.1).
 * @throws `config_invalid`; for a function at each request, `retryable` and with the function's error as `cause` if it fails
 * @example
 * ```ts
 * import { createServerClient, clientSecretBasic, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const clientSecretBasic = (secret: ClientSecret): ClientAuth =>
  bySecret('client_secret_basic', secret, (value) => basic(value, formEncoded))

/**
 * `client_secret_basic` without the form encoding that RFC 6749 §2.3.1 requires, for servers that do not decode it (Epic
 * Games). Only a client id or secret with characters other than `A-Z a-z 0-9 - . _ ~ *` makes a difference.
 * @throws like {@link clientSecretBasic}; also for a client id with a colon, which would end the id
 * @example
 * ```ts
 * import { createServerClient, clientSecretBasicWithoutEncoding, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretBasicWithoutEncoding(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const clientSecretBasicWithoutEncoding = (secret: ClientSecret): ClientAuth =>
  bySecret('client_secret_basic', secret, (value) => basic(value, (text) => text))

/**
 * `client_secret_post`: sends the secret in the body (RFC 6749 §2.3.1), for servers that do not accept the header.
 * @throws like {@link clientSecretBasic}
 * @example
 * ```ts
 * import { createServerClient, clientSecretPost, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretPost(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const clientSecretPost = (secret: ClientSecret): ClientAuth =>
  bySecret('client_secret_post', secret, ClientSecretPost)

/**
 * `client_secret_jwt`: sends an assertion signed with HMAC-SHA-256, not the secret itself. Each request gets a new
 * assertion (OpenID Connect Core §9).
 * @throws like {@link clientSecretBasic}
 * @example
 * ```ts
 * import { createServerClient, clientSecretJwt, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretJwt(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const clientSecretJwt = (secret: ClientSecret): ClientAuth =>
  bySecret('client_secret_jwt', secret, ClientSecretJwt)

/**
 * `client_secret_post` in a browser, where every user can read the secret, so that it authenticates nobody. Only for
 * providers that require a secret of every "web" client. PKCE protects the code.
 *
 * @deprecated Marked only as a warning: a secret that is shipped with an app is not confidential (RFC 8252 §8.5).
 * @throws like `clientSecretBasic`
 * @example
 * ```ts
 * import { createClient, exposedClientSecret } from 'proofkey'
 *
 * // The provider requires a secret of pages too. Everybody can read this one.
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: exposedClientSecret('not-a-secret'),
 * })
 * ```
 */
export const exposedClientSecret = (secret: ClientSecret): ClientAuth => clientSecretPost(secret)

function bySecret(method: string, secret: ClientSecret, make: (value: string) => Authenticate): ClientAuth {
  if (typeof secret !== 'function') checked(secret)
  /** By request: the secret can be another one in the next. */
  const sent = new WeakMap<Headers, string>()
  return {
    method,
    async authenticate(server, client, body, headers) {
      const value = typeof secret === 'function' ? checked(await called(secret)) : secret
      sent.set(headers, value)
      await make(value)(server, client, body, headers)
    },
    secret: (headers) => sent.get(headers),
  }
}

async function called(secret: () => string | Promise<string>): Promise<string> {
  try {
    return await secret()
  } catch (cause) {
    const message = 'The function that was passed as the client secret failed.'
    throw new ProofkeyError('config_invalid', message, 'See the cause.', { cause, retryable: true })
  }
}

function checked(secret: string): string {
  if (typeof secret !== 'string' || !secret) {
    throw configInvalid([`secret (${typeof secret}): must be the client_secret from the registration, not empty`])
  }
  // RFC 6749 appendix A.2 allows no control characters. They usually come from a file or shell, as a trailing line break.
  if (/\p{Cc}/u.test(secret))
    throw configInvalid(['secret (string): contains a control character such as a line break; trim it'])
  return secret
}

const basic =
  (secret: string, encode: (text: string) => string): Authenticate =>
  (_, { client_id }, __, headers) => {
    const [id, password] = [encode(client_id), encode(secret)]
    if (id.includes(':')) throw configInvalid(['clientId: contains a colon, which needs clientSecretBasic'])
    headers.set('authorization', `Basic ${btoa(String.fromCharCode(...utf8(`${id}:${password}`)))}`)
  }

/**
 * As the URL Standard writes it (application/x-www-form-urlencoded), but `~` is not encoded: a server that decodes reads the
 * same, and many servers do not decode.
 */
const formEncoded = (text: string) => `${new URLSearchParams([[text, '']])}`.slice(0, -1).replaceAll('%7E', '~')
