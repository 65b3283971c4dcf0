import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import type { Vault } from './vault.js'

/** A record in memory; one without a value was taken. */
export interface Entry {
  readonly owner: string
  readonly value?: string
}

/** For one page: it stores 100 sign-ins; `createServerClient` rejects it. */
export interface PageVault extends Vault {
  readonly runsOn: 'page'
}

/** All sign-ins of a client have the same lifetime, so they expire in the order of insertion. */
export function pageVault(): PageVault {
  const entries = new Map<string, Entry>()
  return {
    ...vaultOver(entries, () => sweep(entries, () => entries.size >= 100)),
    runsOn: 'page',
  }
}

/** Deletes expired records and, while there are too many, the oldest. @returns the tickets of pending ones */
export function sweep(entries: Map<string, Entry>, isFull: () => boolean): string[] {
  const dropped: string[] = []
  for (const [ticket, { value }] of entries) {
    const isExpired = ticketIsExpired(ticket)
    if (!isExpired && !isFull()) break
    entries.delete(ticket)
    if (!isExpired && value !== undefined) dropped.push(ticket)
  }
  return dropped
}

/** @param makeRoom makes room for one record; returns the tickets of the pending ones that it removed */
export function vaultOver(entries: Pick<Map<string, Entry>, 'get' | 'set'>, makeRoom: () => string[]): Vault {
  return {
    name: 'memory',
    async put(ticket, owner, value) {
      const dropped = makeRoom()
      entries.set(ticket, { owner, value })
      return Promise.all(dropped.map(ticketId))
    },
    async take(ticket, owner) {
      if (ticketIsExpired(ticket)) return { status: 'expired' }
      const entry = entries.get(ticket)
      if (!entry) return { status: 'unknown' }
      if (entry.owner !== owner) return { status: 'other_owner' }
      const { value } = entry
      if (value === undefined) return { status: 'spent' }
      // The identity of this object marks the take.
      const spent: Entry = { owner }
      entries.set(ticket, spent)
      const putBack = async () =>
        entries.get(ticket) === spent && !ticketIsExpired(ticket) && !!entries.set(ticket, entry)
      return { status: 'taken', value, putBack }
    },
  }
}
