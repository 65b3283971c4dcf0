import { base64url } from './base64url.js'
import { subtle, utf8 } from './web-crypto.js'

/** The digest of a text in UTF-8. @param algorithm a WebCrypto name, for example `SHA-256` */
export async function digest(algorithm: string, text: string): Promise<Uint8Array> {
  return new Uint8Array(await subtle().digest(algorithm, utf8(text)))
}

/** BASE64URL(SHA-256(text)), 43 characters: a PKCE code challenge (RFC 7636 §4.2), or part of a record id. */
export async function sha256(text: string): Promise<string> {
  return base64url(await digest('SHA-256', text))
}
