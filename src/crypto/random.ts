import { base64url } from './base64url.js'

/** 32 random bytes as 43 base64url characters: 256 bits, as RFC 7636 §4.1 recommends for a code verifier. */
export function randomToken(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}
