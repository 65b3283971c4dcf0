import { createDpop, type Dpop } from '../protocol/token/dpop.js'
import { keyStore } from '../vault/key-store.js'

/**
 * Binds all tokens of a client to a non-extractable key of this browser: a stolen token cannot be used without the key (RFC
 * 9449). Pass it as `dpop`, one for each client. The key is stored in IndexedDB, and deleted at sign-out. If it is lost, the
 * session ends (`key_lost`) and the next sign-in generates another. It does not protect against scripts in the page, which
 * can use the key, nor against someone who reads the files of the browser profile, which contain it. If the client does not
 * manage the session, send API requests with its `fetch`.
 *
 * Without IndexedDB a sign-in fails before the redirect: `storage_unavailable`, `storage_full`, `storage_refused_key`.
 * @example
 * ```ts
 * import { createClient, dpop } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   dpop: dpop(),
 * })
 * ```
 */
export function dpop(): Dpop {
  const { load, forget } = keyStore()
  return { ...createDpop(load), forget }
}
