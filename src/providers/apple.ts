import { base64url, fromBase64url } from '../crypto/base64url.js'
import type { WebCryptoKey } from '../crypto/jwk.js'
import { ES256 } from '../crypto/signing-key.js'
import { subtle, utf8 } from '../crypto/web-crypto.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { ServerProvider } from '../protocol/provider.js'
import { defineProvider } from './define-provider.js'

const ISSUER = 'https://appleid.apple.com'

/**
 * Sign in with Apple, for `createServerClient` with `clientAuth: clientSecretPost(appleClientSecret({ … }))`. Apple posts the
 * callback (`form_post`) as soon as `name` or `email` is requested, so the sign-in's cookie is `SameSite=None`. The user's
 * name comes once, at the first sign-in, in `callbackParameters.user`, which nobody signed. `email_verified` can be the text
 * `"true"` or `"false"`.
 * @example
 * ```ts
 * import { apple } from 'proofkey/providers'
 * import { clientSecretPost, createServerClient, sealedCookie } from 'proofkey/server'
 *
 * const auth = createServerClient({
 *   ...apple(),
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: clientSecretPost(process.env['CLIENT_SECRET'] ?? ''),
 *   vault: sealedCookie({ keys: [{ id: '2026-11', secret: process.env['SEALING_KEY'] ?? '' }] }),
 * })
 * ```
 */
export const apple = (): {
  readonly issuer: string
  readonly responseMode: 'form_post'
  readonly provider: ServerProvider
} => ({
  issuer: ISSUER,
  responseMode: 'form_post',
  provider: defineProvider({
    name: 'Apple',
    // Apple's metadata lists client_secret_post only; passport-apple, openiddict and social-core send the same JWT.
    reason: 'The client secret is a JWT that the app signs with its key.',
    serverOnly: 'Its token endpoint requires a client secret, which is signed with a private key.',
    problems: ({ clientAuth }) =>
      clientAuth?.method === 'client_secret_post'
        ? []
        : ['clientAuth: must be clientSecretPost(appleClientSecret({ … }))'],
  }),
})

/** Options of {@link appleClientSecret}. */
export interface AppleClientSecretOptions {
  /** The 10 characters of the team. */
  readonly teamId: string
  /** The Services ID (web), the same as `clientId` of the client. */
  readonly clientId: string
  /** The 10 characters of the key. */
  readonly keyId: string
  /** The text of the `.p8` file (a PKCS#8 PEM), or a P-256 CryptoKey with the usage `sign`. */
  readonly privateKey: string | WebCryptoKey
}

/** Apple accepts up to six months; one request needs less than a minute, and clocks differ. */
const LIFETIME_SECONDS = 300

/**
 * Makes the client secret of Sign in with Apple: a JWT signed with ES256, a new one for each request, valid for 5 minutes.
 * @returns the function to pass as `clientSecretPost(secret)`
 * @throws `config_invalid`; for a key that cannot be imported at the first request
 * @example
 * ```ts
 * import { appleClientSecret } from 'proofkey/providers'
 * import { clientSecretPost } from 'proofkey/server'
 *
 * const clientAuth = clientSecretPost(
 *   appleClientSecret({
 *     teamId: 'A1B2C3D4E5',
 *     clientId: 'com.example.app',
 *     keyId: 'F6G7H8I9J0',
 *     privateKey: process.env['APPLE_KEY'] ?? '',
 *   }),
 * )
 * ```
 */
export function appleClientSecret({
  teamId,
  clientId,
  keyId,
  privateKey,
}: AppleClientSecretOptions): () => Promise<string> {
  const problems = Object.entries({ teamId, clientId, keyId }).filter(
    ([, value]) => typeof value !== 'string' || !value,
  )
  if (problems[0]) throw configInvalid(problems.map(([name]) => `${name}: is required`))
  const load = loader(privateKey)
  let key: Promise<WebCryptoKey> | undefined
  return async () => {
    key ??= load()
    const iat = Math.floor(Date.now() / 1000)
    const claims = { iss: teamId, iat, exp: iat + LIFETIME_SECONDS, aud: ISSUER, sub: clientId }
    const input = [{ alg: 'ES256', kid: keyId }, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join('.')
    const signature = await subtle().sign(ES256, await key, utf8(input))
    return `${input}.${base64url(new Uint8Array(signature))}`
  }
}

function loader(key: string | WebCryptoKey): () => Promise<WebCryptoKey> {
  if (key instanceof CryptoKey) return async () => key
  const body = /-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----/.exec(`${key}`)?.[1]
  if (!body) throw configInvalid(['privateKey: must be the text of the .p8 file, with its line breaks, or a CryptoKey'])
  return () =>
    subtle()
      .importKey('pkcs8', fromBase64url(body.replace(/\s/g, '')), ES256, false, ['sign'])
      .catch(() => {
        throw configInvalid(['privateKey: must be a P-256 key as PKCS#8'])
      })
}
