import { modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import { ProofkeyError } from '../errors.js'
import type { ClientAuth } from './client-auth.js'

export type SigningAlgorithm = 'ES256' | 'PS256' | 'RS256' | 'Ed25519'

export interface PrivateKeyJwtOptions {
  /** `kid` of the public key at the server. Default: the JWK's own. */
  readonly keyId?: string | undefined
  /** Needed for a PEM, and for an RSA JWK without `alg`. */
  readonly algorithm?: SigningAlgorithm | undefined
  /**
   * The assertion's `typ`. Default `client-authentication+jwt` (draft-ietf-oauth-rfc7523bis §4); servers that refuse it
   * may want `JWT`.
   */
  readonly typ?: 'client-authentication+jwt' | 'JWT' | undefined
}

const IMPORT_PARAMETERS: Record<SigningAlgorithm, RsaHashedImportParams | EcKeyImportParams | Algorithm> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519' },
}

/**
 * Proves the client with a signed assertion, made anew for every request: `aud` is the issuer as one string, `iss` and
 * `sub` are the client id, `jti` is unique, and it lives for a minute (RFC 7523 §3, OpenID Connect Core §9).
 * @param key a CryptoKey (private, usage `sign`), a private JWK, or a PKCS#8 PEM
 * @throws `config_invalid`, here or, where the key itself is broken, at the first use
 */
export function privateKeyJwt(key: CryptoKey | JsonWebKey | string, options: PrivateKeyJwtOptions = {}): ClientAuth {
  const { keyId, typ = 'client-authentication+jwt' } = options
  const jwk =
    typeof key === 'object' && !(key instanceof CryptoKey) ? (key as JsonWebKey & { kid?: string }) : undefined
  const load = key instanceof CryptoKey ? async () => checkKey(key) : importer(key, options.algorithm)
  let loading: Promise<CryptoKey> | undefined
  return {
    method: 'private_key_jwt',
    async authenticate(server, client, body, headers) {
      loading ??= load()
      const kid = keyId ?? jwk?.kid
      const authenticate = PrivateKeyJwt(
        { key: await loading, ...(kid && { kid }) },
        {
          [modifyAssertion](header) {
            header['typ'] = typ
          },
        },
      )
      await authenticate(server, client, body, headers)
    },
  }
}

function checkKey(key: CryptoKey): CryptoKey {
  if (key.type !== 'private' || !key.usages.includes('sign')) throw keyRefused('is not a private key for signing')
  return key
}

function importer(key: JsonWebKey | string, wished: SigningAlgorithm | undefined): () => Promise<CryptoKey> {
  const algorithm = wished ?? (typeof key === 'object' ? algorithmOf(key) : undefined)
  const parameters = algorithm && Object.hasOwn(IMPORT_PARAMETERS, algorithm) ? IMPORT_PARAMETERS[algorithm] : undefined
  if (!parameters) throw keyRefused(`needs an algorithm: one of ${Object.keys(IMPORT_PARAMETERS).join(', ')}`)
  const subtle = crypto.subtle
  const imported =
    typeof key === 'string'
      ? (
          (bytes) => () =>
            subtle.importKey('pkcs8', bytes, parameters, false, ['sign'])
        )(pkcs8(key))
      : () => subtle.importKey('jwk', key, parameters, false, ['sign'])
  return () =>
    imported().catch(() => {
      throw keyRefused(`cannot be imported for ${algorithm}`)
    })
}

function algorithmOf({ alg, kty, crv }: JsonWebKey): SigningAlgorithm | undefined {
  if (alg && alg !== 'EdDSA') return alg as SigningAlgorithm
  return kty === 'EC' && crv === 'P-256' ? 'ES256' : crv === 'Ed25519' ? 'Ed25519' : undefined
}

function pkcs8(pem: string): Uint8Array<ArrayBuffer> {
  const body = /^\s*-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----\s*$/.exec(pem)?.[1]
  if (!body) throw keyRefused('is no PKCS#8 PEM', 'Convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem')
  return Uint8Array.from(atob(body.replace(/\s/g, '')), (character) => character.charCodeAt(0))
}

const keyRefused = (what: string, hint = 'See the README on how to make one.') =>
  new ProofkeyError('config_invalid', `The private key ${what}.`, hint)
