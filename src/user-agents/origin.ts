import { ProofkeyError } from '../errors.js'

/**
 * Storage, `BroadcastChannel` and `postMessage` are bound to the origin: a callback on another origin cannot reach the
 * stored sign-in.
 * @throws `redirect_uri_mismatch`
 */
export function refuseOtherOrigin(redirectUri: string): void {
  const { origin } = new URL(redirectUri)
  const pageOrigin = globalThis.location?.origin
  if (origin === pageOrigin) return
  throw new ProofkeyError(
    'redirect_uri_mismatch',
    `redirectUri is on ${origin}, this page on ${pageOrigin}: they share no storage.`,
    'Open this page there (localhost and 127.0.0.1 differ), or use loopback() or deepLink().',
  )
}
