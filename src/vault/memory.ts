import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import { ProofkeyError } from '../errors.js'
import type { Vault } from './vault.js'

interface Entry {
  readonly owner: string
  readonly value?: string
}

/** Of {@link memoryVault}. */
export interface MemoryVaultOptions {
  /** At most this many sign-ins are kept, finished ones included; the ones that expire first give way. From 1. */
  readonly maxRecords: number
}

/** For one page: it keeps 100 sign-ins, and `createServerClient` refuses it. */
export interface PageVault extends Vault {
  readonly runsOn: 'page'
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
  const maxRecords = options?.maxRecords ?? 100
  if (!(maxRecords >= 1))
    throw new ProofkeyError('config_invalid', 'maxRecords: a number from 1.', 'Say how many sign-ins may wait.')
  /** By the second of their expiry, ascending. */
  let buckets = new Map<string, Map<string, Entry>>()
  let latest = ''
  let size = 0

  function bucketOf(ticket: string): Map<string, Entry> {
    const second = ticket.slice(0, 10)
    const bucket = buckets.get(second) ?? new Map<string, Entry>()
    if (!bucket.size) {
      buckets.set(second, bucket)
      // Seldom: another lifetime, or a clock that was set back. Sign-ins of one lifetime come in order.
      if (second < latest) buckets = new Map([...buckets].sort(([a], [b]) => (a < b ? -1 : 1)))
      else latest = second
    }
    return bucket
  }

  /** Deletes expired records, and those that expire first while there are too many. @returns the tickets that waited */
  function makeRoom(): string[] {
    const dropped: string[] = []
    for (const [second, bucket] of buckets) {
      for (const [ticket, { value }] of bucket) {
        const isExpired = ticketIsExpired(ticket)
        if (!isExpired && size < maxRecords) return dropped
        bucket.delete(ticket)
        size--
        if (!isExpired && value !== undefined) dropped.push(ticket)
      }
      buckets.delete(second)
    }
    return dropped
  }

  const find = (ticket: string) => buckets.get(ticket.slice(0, 10))?.get(ticket)

  return {
    name: 'memory',
    ...(options?.maxRecords === undefined && { runsOn: 'page' }),
    async put(ticket, owner, value) {
      const dropped = makeRoom()
      const bucket = bucketOf(ticket)
      if (!bucket.has(ticket)) size++
      bucket.set(ticket, { owner, value })
      return Promise.all(dropped.map(ticketId))
    },
    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const entry = find(ticket)
      if (!entry) return { status: 'unknown' }
      if (entry.owner !== owner) return { status: 'other_owner' }
      const { value } = entry
      if (value === undefined) return { status: 'spent' }
      // Its identity is this take's token.
      const spent: Entry = { owner }
      bucketOf(ticket).set(ticket, spent)
      return {
        status: 'taken',
        value,
        async putBack() {
          const waits = find(ticket) === spent && !ticketIsExpired(ticket)
          if (waits) bucketOf(ticket).set(ticket, entry)
          return waits
        },
      }
    },
  }
}
