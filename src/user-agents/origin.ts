import { ProofkeyError } from '../errors.js'

/**
 * Storage and channels end at the origin: a callback elsewhere could not reach what waits here.
 * @throws `redirect_uri_mismatch`
 */
export function refuseOtherOrigin(redirectUri: string): void {
  const { origin } = new URL(redirectUri)
  const here = globalThis.location?.origin
  if (origin === here) return
  throw new ProofkeyError(
    'redirect_uri_mismatch',
    `redirectUri is on ${origin}, this page on ${here}: they share no storage.`,
    'Open this page there (localhost and 127.0.0.1 are two), or use loopback() or deepLink().',
  )
}
