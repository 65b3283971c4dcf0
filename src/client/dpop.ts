import { createDpop, type Dpop } from '../protocol/token/dpop.js'
import { keyStore } from '../vault/key-store.js'

/**
 * Ties all tokens of a client to a key of this browser that cannot be exported: whoever steals a token without the key
 * cannot use it (RFC 9449). Pass it as `dpop`. Its key lies in IndexedDB, one for each client, and goes with the sign-out;
 * where it is lost, the session ends (`key_lost`) and the next sign-in makes another. It does not stop script that runs in
 * the page, which can use the key there, nor whoever reads the profile's files, where its bytes lie. Make one for each
 * client; where the client keeps no tokens, send requests with its `fetch`.
 *
 * Without IndexedDB a sign-in fails before it leaves: `storage_unavailable`, `storage_full`, `storage_refused_key`.
 */
export function dpop(): Dpop {
  const { load, forget } = keyStore()
  return { ...createDpop(load), forget }
}
