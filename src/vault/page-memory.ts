import { ticketId, ticketIsExpired } from '../crypto/ticket.js'
import type { Vault } from './vault.js'

/** What waits in memory; without a value it was taken. */
export interface Entry {
  readonly owner: string
  readonly value?: string
}

/** For one page: it keeps 100 sign-ins, and `createServerClient` refuses it. */
export interface PageVault extends Vault {
  readonly runsOn: 'page'
}

/** A client's sign-ins have one lifetime, so they expire in the order in which they came. */
export function pageVault(): PageVault {
  const entries = new Map<string, Entry>()
  return {
    ...vaultOver(entries, () => sweep(entries, () => entries.size >= 100)),
    runsOn: 'page',
  }
}

/** Deletes what has expired and, while there are too many, what came first. @returns the tickets that still waited */
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

/** @param makeRoom for one more; gives the tickets that waited and had to go */
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
      // Its identity is this take's token.
      const spent: Entry = { owner }
      entries.set(ticket, spent)
      const putBack = async () =>
        entries.get(ticket) === spent && !ticketIsExpired(ticket) && !!entries.set(ticket, entry)
      return { status: 'taken', value, putBack }
    },
  }
}
