import { ticketIsExpired } from '../crypto/ticket.js'
import type { Vault } from './vault.js'

interface Entry {
  readonly owner: string
  readonly value?: string
}

/** Of {@link memoryVault}. */
export interface MemoryVaultOptions {
  /** At most this many sign-ins wait; the ones that expire first give way. Default 100; a server wants more. */
  readonly maxRecords?: number | undefined
}

/**
 * Keeps sign-ins in this process's memory: for user agents where the page stays alive, and for a server that is one
 * process. A reload or a restart forgets them.
 */
export function memoryVault({ maxRecords = 100 }: MemoryVaultOptions = {}): Vault {
  const entries = new Map<string, Entry>()

  function makeRoom() {
    // Sign-ins of one lifetime expire in the order in which they came.
    for (const ticket of entries.keys()) {
      if (!ticketIsExpired(ticket)) break
      entries.delete(ticket)
    }
    if (entries.size < maxRecords) return
    // Tickets start with their expiry, so their order is the order in which they expire.
    const tickets = [...entries.keys()].sort()
    for (const ticket of tickets.slice(0, entries.size - maxRecords + 1)) entries.delete(ticket)
  }

  return {
    name: 'memory',
    async put(ticket, owner, value) {
      makeRoom()
      entries.delete(ticket)
      entries.set(ticket, { owner, value })
    },
    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const entry = entries.get(ticket)
      if (!entry) return { status: 'unknown' }
      if (entry.owner !== owner) return { status: 'other_owner' }
      if (entry.value === undefined) return { status: 'spent' }
      entries.set(ticket, { owner })
      return { status: 'taken', value: entry.value }
    },
  }
}
