import { ProofkeyError } from '../errors.js'
import { type Entry, type PageVault, pageVault, sweep, vaultOver } from './page-memory.js'
import type { Vault } from './vault.js'

/** Of {@link memoryVault}. */
export interface MemoryVaultOptions {
  /** At most this many sign-ins are kept, finished ones included; the ones that expire first give way. From 1. */
  readonly maxRecords: number
}

/**
 * Keeps sign-ins in this process's memory: for user agents where the page stays alive, and for a server that is one
 * process. A reload or a restart forgets them. A server has to say `maxRecords`: anybody can start sign-ins there, and
 * each one over the limit drops one that waits (event `transaction_dropped`).
 * @throws `config_invalid` for `maxRecords`
 */
export function memoryVault(): PageVault
export function memoryVault(options: MemoryVaultOptions): Vault
export function memoryVault(options?: MemoryVaultOptions): Vault {
  if (options?.maxRecords === undefined) return pageVault()
  const { maxRecords } = options
  if (!(maxRecords >= 1))
    throw new ProofkeyError('config_invalid', 'maxRecords: a number from 1.', 'Say how many sign-ins may wait.')
  /** By the second of their expiry, ascending. */
  let buckets = new Map<string, Map<string, Entry>>()
  let latest = ''
  let size = 0
  const secondOf = (ticket: string) => ticket.slice(0, 10)

  function addBucket(second: string): Map<string, Entry> {
    const bucket = new Map<string, Entry>()
    buckets.set(second, bucket)
    // Seldom: another lifetime, or a clock that was set back. Sign-ins of one lifetime come in order.
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
