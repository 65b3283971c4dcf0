import { ProofkeyError } from '../errors.js'
import { type Entry, type PageVault, pageVault, sweep, vaultOver } from './page-memory.js'
import type { Vault } from './vault.js'

/** Options of {@link memoryVault}. */
export interface MemoryVaultOptions {
  /** The maximum number of records, taken ones included; the ones that expire first are removed. At least 1. */
  readonly maxRecords: number
}

/**
 * Stores sign-ins in memory: for user agents that do not leave the page, and for a server with one process. A reload or a
 * restart loses them. A server has to set `maxRecords`, because anyone can start sign-ins there; each one over the limit
 * removes a pending one (event `transaction_dropped`).
 * @throws `config_invalid` for `maxRecords`
 * @example
 * ```ts
 * import { createClient, memoryVault, popup } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   vault: memoryVault(),
 *   userAgent: popup(), // the page stays, and with it its memory
 * })
 * ```
 */
export function memoryVault(): PageVault
export function memoryVault(options: MemoryVaultOptions): Vault
export function memoryVault(options?: MemoryVaultOptions): Vault {
  if (options?.maxRecords === undefined) return pageVault()
  const { maxRecords } = options
  if (!(maxRecords >= 1))
    throw new ProofkeyError(
      'config_invalid',
      'maxRecords (number): must be at least 1.',
      'Set how many pending sign-ins to store.',
    )
  /** By the second of their expiry, ascending. */
  let buckets = new Map<string, Map<string, Entry>>()
  let latest = ''
  let size = 0
  const secondOf = (ticket: string) => ticket.slice(0, 10)

  function addBucket(second: string): Map<string, Entry> {
    const bucket = new Map<string, Entry>()
    buckets.set(second, bucket)
    // Rare: another lifetime, or a clock that was set back. Sign-ins with one lifetime arrive in order.
    if (second < latest) buckets = new Map([...buckets].sort(([a], [b]) => (a < b ? -1 : 1)))
    else latest = second
    return bucket
  }

  function makeRoom(): string[] {
    const dropped: string[] = []
    for (const [second, bucket] of buckets) {
      const others = size - bucket.size
      dropped.push(...sweep(bucket, () => others + bucket.size >= maxRecords))
      size = others + bucket.size
      if (bucket.size) break
      buckets.delete(second)
    }
    return dropped
  }

  const entries = {
    get: (ticket: string) => buckets.get(secondOf(ticket))?.get(ticket),
    set(ticket: string, entry: Entry) {
      const bucket = buckets.get(secondOf(ticket)) ?? addBucket(secondOf(ticket))
      if (!bucket.has(ticket)) size++
      return bucket.set(ticket, entry)
    },
  }
  return vaultOver(entries, makeRoom)
}
