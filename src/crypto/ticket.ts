import { sha256 } from './digest.js'
import { randomToken } from './random.js'

/**
 * A ticket is what a person carries to the server and back as `state`: 13 digits of expiry (milliseconds), 256 random
 * bits, and a tag of the owner. The record waits under an id that starts with the same expiry, so ids sort by it, and
 * goes on with a digest, so storage does not hold the ticket.
 */
export function createTicket(owner: string, expiresAtMs: number): string {
  return Math.floor(expiresAtMs) + randomToken() + ownerTag(owner)
}

/** The tag lets clients of one origin tell their callbacks apart at a glance. A label, not a proof: the vault checks the owner. */
export function ticketIsTaggedFor(ticket: string, owner: string): boolean {
  return ticket.slice(56) === ownerTag(owner)
}

/** Has the form of a ticket; says nothing about whether anybody issued it. */
export function isTicket(text: string): boolean {
  return /^\d{13}[\w-]{43}[\da-z]+$/.test(text)
}

export function ticketIsExpired(ticket: string): boolean {
  return Number(ticket.slice(0, 13)) <= Date.now()
}

export async function ticketId(ticket: string): Promise<string> {
  return ticket.slice(0, 13) + (await sha256(ticket))
}

/** FNV-1a, 32 bits: not for security, and synchronous, unlike WebCrypto. */
function ownerTag(owner: string): string {
  let hash = 0x811c9dc5
  for (const character of owner) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return (hash >>> 0).toString(36)
}
