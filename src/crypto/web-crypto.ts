import { ProofkeyError } from '../errors.js'

/**
 * `crypto.subtle`, or a refusal where the page has none (RFC 7636 §4.2: no fallback to `plain`).
 * @throws `insecure_context`
 */
export function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle
  if (!found) {
    throw new ProofkeyError('insecure_context', 'No WebCrypto here.', 'Use https or localhost.')
  }
  return found
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
