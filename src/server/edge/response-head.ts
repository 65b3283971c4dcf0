import { ProofkeyError } from '../../errors.js'
import { MAX_RESPONSE_HEAD_BYTES } from '../../limits.js'

/** The size of a response's headers, separators included. */
export const headBytes = (headers: Headers): number =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)

/** @throws `storage_full` if a proxy might respond with 502 instead, and lose the cookies */
export function checkResponseHead(headers: Headers): void {
  const bytes = headBytes(headers)
  if (bytes <= MAX_RESPONSE_HEAD_BYTES) return
  throw new ProofkeyError(
    'storage_full',
    `The response that starts the sign-in has ${bytes} bytes of headers, including the encrypted cookie and the authorization URL; the limit for proxies is ${MAX_RESPONSE_HEAD_BYTES}.`,
    'Use redisVault, which needs small cookies only, or shorten appState, returnTo, scope, claims or additionalParameters.',
  )
}
