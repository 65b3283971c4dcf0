import { ProofkeyError } from '../errors.js'

/**
 * `crypto.subtle`. There is no fallback without it: the `plain` challenge method would be a downgrade (RFC 7636 §7.2).
 * @throws `insecure_context`
 */
export function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle
  if (!found) {
    throw new ProofkeyError('insecure_context', 'WebCrypto is not available in this page.', 'Use https or localhost.')
  }
  return found
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
