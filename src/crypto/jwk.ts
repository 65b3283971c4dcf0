/** A key of WebCrypto. Named so that the declarations compile without the DOM's. */
export type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** The members of a JSON Web Key that are used (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). */
export interface Jwk {
  readonly kty?: string
  readonly use?: string
  readonly key_ops?: string[]
  readonly alg?: string
  readonly ext?: boolean
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
  /** The private part. */
  readonly d?: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
}
