import { modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import { fromBase64url } from '../../crypto/base64url.js'
import { subtle } from '../../crypto/web-crypto.js'
import { configInvalid } from '../authorize/begin.js'
import type { ClientAuth } from './client-auth.js'

/** As JWA names them (RFC 7518 §3.1, RFC 9864). */
export type SigningAlgorithm = 'ES256' | 'PS256' | 'RS256' | 'Ed25519'

/** A private key as JSON (RFC 7517): EC P-256, RSA or OKP Ed25519. */
export type PrivateJwk = JsonWebKey & { readonly kid?: string | undefined }

/** Of {@link privateKeyJwt}. */
export interface PrivateKeyJwtOptions {
  /** `kid` of the public key at the server. Default: the JWK's own. */
  readonly keyId?: string | undefined
  /** Needed for a PEM, and for an RSA JWK without `alg`. */
  readonly algorithm?: SigningAlgorithm | undefined
  /**
   * The assertion's `typ`. Default `client-authentication+jwt` (draft-ietf-oauth-rfc7523bis §4); a server that refuses
   * it may want `JWT`.
   */
  readonly typ?: 'client-authentication+jwt' | 'JWT' | undefined
}

/** What WebCrypto calls each algorithm. */
const ALGORITHMS: Record<SigningAlgorithm, { name: string; namedCurve?: string; hash?: string }> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519' },
}
const NAMES = Object.keys(ALGORITHMS) as SigningAlgorithm[]

/**
 * Proves the client with a signed assertion, made anew for every request: `aud` is the issuer as one string, `iss` and
 * `sub` are the client id, `jti` is unique, and it lives for a minute (RFC 7523 §3, OpenID Connect Core §9). To rotate,
 * publish the new public key first, then pass the new key with its own `keyId`.
 * @param key a CryptoKey (private, usage `sign`), a private JWK, or a PKCS#8 PEM
 * @throws `config_invalid`, at once or, where only the import can tell, at the first use
 */
export function privateKeyJwt(key: CryptoKey | PrivateJwk | string, options: PrivateKeyJwtOptions = {}): ClientAuth {
  const { algorithm, typ = 'client-authentication+jwt' } = options
  const keyId = options.keyId ?? (Object(key) as PrivateJwk).kid
  if (keyId !== undefined && typeof keyId !== 'string') throw configInvalid([`keyId (${typeof keyId}): a string`])
  if (!/^(client-authentication\+jwt|JWT)$/.test(typ)) throw configInvalid(['typ: client-authentication+jwt or JWT'])

  const load = loader(key, algorithm)
  let loading: Promise<CryptoKey> | undefined
  return {
    method: 'private_key_jwt',
    async authenticate(...request) {
      loading ??= load()
      const proof = PrivateKeyJwt(
        { key: await loading, ...(keyId && { kid: keyId }) },
        {
          [modifyAssertion](header) {
            header['typ'] = typ
          },
        },
      )
      await proof(...request)
    },
  }
}

/** Finds now what is wrong, as far as that can be seen; the import is left to the first use. */
function loader(key: CryptoKey | PrivateJwk | string, wanted?: SigningAlgorithm): () => Promise<CryptoKey> {
  if (key instanceof CryptoKey) {
    checkKey(key, wanted)
    return async () => key
  }
  const material = typeof key === 'string' ? pkcs8(key) : checkJwk(key)
  const said = algorithmOf(key)
  const algorithm = NAMES.find((name) => name === (said ?? wanted))
  if (!algorithm || algorithm !== (wanted ?? algorithm))
    throw configInvalid([`algorithm: one of ${NAMES.join(', ')}, the one the key is for`])
  const parameters = ALGORITHMS[algorithm]
  return async () => {
    const loading =
      material instanceof Uint8Array
        ? subtle().importKey('pkcs8', material, parameters, false, ['sign'])
        : subtle().importKey('jwk', material, parameters, false, ['sign'])
    const loaded = await loading.catch(() => {
      throw keyRefused(`cannot be imported for ${algorithm}`)
    })
    checkKey(loaded, algorithm)
    return loaded
  }
}

function algorithmOf(key: PrivateJwk | string): string | undefined {
  const { alg, crv } = Object(key) as PrivateJwk
  return crv === 'P-256' ? 'ES256' : crv === 'Ed25519' ? crv : alg
}

function checkJwk(key: PrivateJwk): PrivateJwk {
  if (typeof key?.kty === 'string' && typeof key.d === 'string') return key
  throw keyRefused('must be a private CryptoKey, a private JWK or a PKCS#8 PEM')
}

function checkKey({ type, usages, algorithm }: CryptoKey, wanted?: SigningAlgorithm): void {
  const { name, namedCurve, hash, modulusLength = 2048 } = algorithm as RsaHashedKeyAlgorithm & EcKeyAlgorithm
  if (type !== 'private' || !usages.includes('sign')) throw keyRefused('must be private and have the usage sign')
  const found = NAMES.find((candidate) => {
    const { name: itsName, namedCurve: itsCurve, hash: itsHash } = ALGORITHMS[candidate]
    return name === itsName && namedCurve === itsCurve && hash?.name === itsHash
  })
  if (!found || found !== (wanted ?? found)) throw keyRefused(`must be for ${wanted ?? NAMES.join(', ')}`)
  if (modulusLength < 2048) throw keyRefused('must have 2048 bits or more')
}

function pkcs8(pem: string): Uint8Array<ArrayBuffer> {
  const body = /^\s*-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----\s*$/.exec(pem)?.[1]
  try {
    if (body) return fromBase64url(body.replace(/\s/g, ''))
  } catch {}
  throw keyRefused('must be a PKCS#8 PEM with real line breaks; convert it by openssl pkcs8 -topk8 -nocrypt')
}

const keyRefused = (what: string) => configInvalid([`key: ${what}`])
