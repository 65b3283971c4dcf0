import type { Keyring } from '../../crypto/keyring.js'

/** The nonces of a resource server (RFC 9449 §9). */
export interface DpopNonces {
  /** The nonce to send with a response. */
  current(): Promise<string>
  /** @returns `old`: accepted, but it expires soon, so the response should bring a new one; undefined: not accepted */
  check(nonce: unknown): Promise<'fresh' | 'old' | undefined>
  readonly lifetimeSeconds: number
}

const RECORD = 'dpop-nonce'
/** How far the clocks of the servers of one API may differ. */
export const SERVERS_SKEW_SECONDS = 10

/**
 * Nonces that need no store: the time of issue, sealed with a key that all servers of the API share. Each is accepted for
 * `lifetimeSeconds`; after half of that there is a new one.
 * @param context the API; nonces of another API with the same keys are not accepted
 */
export function createDpopNonces(keyring: Keyring, context: string, lifetimeSeconds: number): DpopNonces {
  /** This server's own one, by its period. */
  let own: { readonly period: number; readonly nonce: Promise<string> } | undefined
  const nowSeconds = () => Math.floor(Date.now() / 1000)

  return {
    lifetimeSeconds,
    current() {
      const period = Math.floor((nowSeconds() * 2) / lifetimeSeconds)
      if (own?.period !== period) own = { period, nonce: keyring.seal(RECORD, context, `${nowSeconds()}`) }
      return own.nonce
    },
    async check(nonce) {
      if (typeof nonce !== 'string') return undefined
      const issuedSeconds = Number((await keyring.open(RECORD, context, nonce)) ?? Number.NaN)
      const ageSeconds = nowSeconds() - issuedSeconds
      // Another server of the API, whose clock is ahead, may have issued it.
      if (!(ageSeconds > -SERVERS_SKEW_SECONDS && ageSeconds < lifetimeSeconds)) return undefined
      return ageSeconds * 2 < lifetimeSeconds ? 'fresh' : 'old'
    },
  }
}
