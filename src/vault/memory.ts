import { ticketIsExpired } from '../crypto/ticket.js'
import type { Vault } from './contract.js'

interface Entry {
  readonly owner: string
  readonly value?: string
}

/** At most this many pending sign-ins; the ones that expire first give way. */
const MAX_RECORDS = 100

/**
 * Keeps sign-ins in this page's memory: for user agents where the page stays alive. A reload forgets them.
 */
export function memoryVault(): Vault {
  const entries = new Map<string, Entry>()

  function makeRoom() {
    // Tickets start with their expiry, so their order is the order in which they expire.
    const tickets = [...entries.keys()].sort()
    tickets.forEach((ticket, index) => {
      if (ticketIsExpired(ticket) || index <= tickets.length - MAX_RECORDS) entries.delete(ticket)
    })
  }

  return {
    name: 'memory',
    async put(ticket, owner, value) {
      makeRoom()
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
