import { ProofkeyError } from '../../errors.js'
import { MAX_RESPONSE_HEAD_BYTES } from '../../limits.js'

/** What a response's headers take, each with its separators. */
export const headBytes = (headers: Headers): number =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)

/** @throws `storage_full` where a proxy might answer 502 in its place, and lose the cookies */
export function checkResponseHead(headers: Headers): void {
  const bytes = headBytes(headers)
  if (bytes <= MAX_RESPONSE_HEAD_BYTES) return
  throw new ProofkeyError(
    'storage_full',
    `The response that starts the sign-in has ${bytes} bytes of headers, the sealed cookie and the authorization URL among them; ${MAX_RESPONSE_HEAD_BYTES} pass every proxy.`,
    'Use redisVault, whose cookies are small, or shorten appState, returnTo, scope, claims or additionalParameters.',
  )
}
