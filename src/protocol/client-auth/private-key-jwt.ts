import { modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import { fromBase64url } from '../../crypto/base64url.js'
import type { Jwk, WebCryptoKey } from '../../crypto/jwk.js'
import { subtle } from '../../crypto/web-crypto.js'
import { configInvalid } from '../authorize/begin.js'
import type { PinnedServer } from '../authorize/transaction.js'
import { type AssertionClientAuth, type ClientAuth, withKey } from './client-auth.js'

/** JWS algorithms (RFC 7518 §3.1, RFC 9864). */
export type SigningAlgorithm = 'ES256' | 'PS256' | 'RS256' | 'Ed25519'

/** A private key as a JWK (RFC 7517): EC P-256, RSA or OKP Ed25519. */
export interface PrivateJwk extends Jwk {
  readonly kid?: string | undefined
}

/** Options of {@link privateKeyJwt}. */
export interface PrivateKeyJwtOptions {
  /** The `kid` of the public key that the server has. Default: the `kid` of the JWK. */
  readonly keyId?: string | undefined
  /** Required for a PEM, and for an RSA JWK without `alg`. */
  readonly algorithm?: SigningAlgorithm | undefined
  /**
   * The `typ` of the assertion. Default `client-authentication+jwt` (draft-ietf-oauth-rfc7523bis §4). Use `JWT` for a server
   * that does not accept it.
   */
  readonly typ?: 'client-authentication+jwt' | 'JWT' | undefined
}

/** The WebCrypto parameters of each algorithm. */
const ALGORITHMS: Record<SigningAlgorithm, { name: string; namedCurve?: string; hash?: string }> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519' },
}
const NAMES = Object.keys(ALGORITHMS) as SigningAlgorithm[]

/**
 * `private_key_jwt`: authenticates with a signed assertion, a new one for each request. `aud` is the issuer as one string,
 * `iss` and `sub` are the client id, `jti` is unique, and it expires after one minute (RFC 7523 §3, OpenID Connect Core §9).
 * To rotate, publish the new public key first, then pass the new private key with its own `keyId`.
 * @param key a CryptoKey (private, usage `sign`), a private JWK, or a PKCS#8 PEM
 * @throws `config_invalid`; at the first request if only the import of the key can find the problem
 * @example
 * ```ts
 * import { createServerClient, privateKeyJwt, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: privateKeyJwt(process.env['CLIENT_KEY'] ?? '', { keyId: '1', algorithm: 'ES256' }),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export function privateKeyJwt(key: SigningMaterial, options?: PrivateKeyJwtOptions): AssertionClientAuth {
  const { algorithm, ...clientAuth } = byAssertion(key, options, (server) => server.issuer)
  return withKey<AssertionClientAuth>(clientAuth, algorithm)
}

/**
 * {@link privateKeyJwt} with the token endpoint as `aud`, for servers that do not accept their issuer there. It weakens the
 * check of who the assertion is for: a malicious server can name the token endpoint of another server as its own, and use the
 * assertion there (audience injection, draft-ietf-oauth-rfc7523bis). So this server must have a key of its own: never use or
 * register the key elsewhere.
 *
 * @deprecated Marked only as a warning: use `privateKeyJwt` with every server that accepts it.
 * @throws `config_invalid`; at a request also if the key has been used with another issuer on this page or in this process
 * @example
 * ```ts
 * import { createServerClient, privateKeyJwtWithInjectableAudience, sealedCookie } from 'proofkey/server'
 *
 * declare const secret: string
 * const auth = createServerClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-web-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   clientAuth: privateKeyJwtWithInjectableAudience(process.env['CLIENT_KEY'] ?? '', { algorithm: 'ES256' }),
 *   vault: sealedCookie({ keys: [{ id: '1', secret }] }),
 * })
 * ```
 */
export const privateKeyJwtWithInjectableAudience = (
  key: SigningMaterial,
  options?: PrivateKeyJwtOptions,
): ClientAuth => {
  const { algorithm: _, ...clientAuth } = byAssertion(key, options, ({ issuer, token_endpoint }, issuers) => {
    if ([...issuers].every((one) => one === issuer)) return `${token_endpoint}`
    throw keyInvalid(
      `was used with another issuer than ${issuer}; with the token endpoint as aud, each needs its own key`,
    )
  })
  return clientAuth
}

/** A CryptoKey (private, usage `sign`), a private JWK, or a PKCS#8 PEM. */
type SigningMaterial = WebCryptoKey | PrivateJwk | string

/** The issuers that each key was used with. A PEM counts for each call anew. */
const used = new WeakMap<object, Set<string>>()

function byAssertion(
  key: SigningMaterial,
  options: PrivateKeyJwtOptions = {},
  audience: (server: PinnedServer, issuers: ReadonlySet<string>) => string,
): ClientAuth & { readonly algorithm: SigningAlgorithm } {
  const { algorithm, typ = 'client-authentication+jwt' } = options
  const keyId = options.keyId ?? (Object(key) as PrivateJwk).kid
  if (keyId !== undefined && typeof keyId !== 'string')
    throw configInvalid([`keyId (${typeof keyId}): must be a string`])
  if (!/^(client-authentication\+jwt|JWT)$/.test(typ))
    throw configInvalid(['typ: must be client-authentication+jwt or JWT'])

  const { load, algorithm: keyAlgorithm } = loader(key, algorithm)
  const issuers = used.get(Object(key)) ?? new Set()
  used.set(Object(key), issuers)
  let loading: Promise<WebCryptoKey> | undefined
  return {
    algorithm: keyAlgorithm,
    method: 'private_key_jwt',
    async authenticate(...request) {
      const [server] = request
      const aud = audience(server, issuers)
      issuers.add(server.issuer)
      loading ??= load()
      const authenticate = PrivateKeyJwt(
        { key: await loading, ...(keyId && { kid: keyId }) },
        {
          [modifyAssertion](header, claims) {
            header['typ'] = typ
            claims['aud'] = aud
          },
        },
      )
      await authenticate(...request)
    },
  }
}

/** Checks the key as far as possible now. The import is asynchronous and happens at the first request. */
function loader(
  key: SigningMaterial,
  wanted?: SigningAlgorithm,
): { readonly algorithm: SigningAlgorithm; load(): Promise<WebCryptoKey> } {
  if (key instanceof CryptoKey) return { algorithm: checkKey(key, wanted), load: async () => key }
  const material = typeof key === 'string' ? pkcs8(key) : checkJwk(key)
  const keyAlgorithm = algorithmOf(key)
  const algorithm = NAMES.find((name) => name === (keyAlgorithm ?? wanted))
  if (!algorithm)
    throw configInvalid([
      `algorithm: must be one of ${NAMES.join(', ')}; required for a PEM and an RSA JWK without alg`,
    ])
  if (wanted && wanted !== algorithm) throw configInvalid([`algorithm: the key is for ${algorithm}`])
  const parameters = ALGORITHMS[algorithm]
  const load = async () => {
    const loading =
      material instanceof Uint8Array
        ? subtle().importKey('pkcs8', material, parameters, false, ['sign'])
        : subtle().importKey('jwk', importable(material), parameters, false, ['sign'])
    const loaded = await loading.catch(() => {
      throw keyInvalid(`cannot be imported for ${algorithm}`)
    })
    checkKey(loaded, algorithm)
    return loaded
  }
  return { algorithm, load }
}

/** workerd knows Ed25519 keys by the older name of `alg`, Node by both: the curve says it. */
const importable = (jwk: PrivateJwk): PrivateJwk => {
  const { alg: _, ...withoutAlg } = jwk
  return jwk.crv === 'Ed25519' ? withoutAlg : jwk
}

function algorithmOf(key: PrivateJwk | string): string | undefined {
  const { alg, crv } = Object(key) as PrivateJwk
  return crv === 'P-256' ? 'ES256' : crv === 'Ed25519' ? crv : alg
}

function checkJwk(key: PrivateJwk): PrivateJwk {
  if (typeof key?.kty === 'string' && typeof key.d === 'string') return key
  throw keyInvalid('must be a private CryptoKey, a private JWK or a PKCS#8 PEM')
}

/** @returns the algorithm of the key */
function checkKey({ type, usages, algorithm }: WebCryptoKey, wanted?: SigningAlgorithm): SigningAlgorithm {
  const { name, namedCurve, hash, modulusLength = 2048 } = algorithm as RsaHashedKeyAlgorithm & EcKeyAlgorithm
  if (type !== 'private' || !usages.includes('sign')) throw keyInvalid('must be private and have the usage sign')
  const found = NAMES.find((candidate) => {
    const { name: itsName, namedCurve: itsCurve, hash: itsHash } = ALGORITHMS[candidate]
    return name === itsName && namedCurve === itsCurve && hash?.name === itsHash
  })
  if (!found || found !== (wanted ?? found)) throw keyInvalid(`must be for ${wanted ?? NAMES.join(', ')}`)
  if (modulusLength < 2048) throw keyInvalid('must have 2048 bits or more')
  return found
}

function pkcs8(pem: string): Uint8Array<ArrayBuffer> {
  const body = /^\s*-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----\s*$/.exec(pem)?.[1]
  try {
    if (body) return fromBase64url(body.replace(/\s/g, ''))
  } catch {}
  throw keyInvalid('must be a PKCS#8 PEM with real line breaks; convert it with openssl pkcs8 -topk8 -nocrypt')
}

const keyInvalid = (what: string) => configInvalid([`key: ${what}`])
