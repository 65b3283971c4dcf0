import { sha256 } from './digest.js'
import { randomToken } from './random.js'

/**
 * Creates a ticket, the value that is sent as `state`: 13 digits of expiry (milliseconds since the epoch), 256 random bits
 * in base64url, and a tag of the owner (the client key).
 */
export function createTicket(owner: string, expiresAtMs: number): string {
  return Math.floor(expiresAtMs) + randomToken() + ownerTag(owner)
}

/** Finds out synchronously whether a callback is for another client of this origin. Not a security check: the vault compares the owner. */
export function ticketIsTaggedFor(ticket: string, owner: string): boolean {
  return ticket.slice(56) === ownerTag(owner)
}

/** Whether a text contains a ticket that is tagged for this owner. */
export function containsTicketOf(owner: string, text: string): boolean {
  return new RegExp(`\\d{13}[\\w-]{43}${ownerTag(owner)}(?![\\da-z])`).test(text)
}

/** Checks the format only, not whether the ticket was ever issued. */
export function isTicket(text: string): boolean {
  return /^\d{13}[\w-]{43}[\da-z]+$/.test(text)
}

export function ticketIsExpired(ticket: string): boolean {
  return Number(ticket.slice(0, 13)) <= Date.now()
}

/** What is secret of a ticket. Not its expiry: an honest text may name that time. */
export const ticketSecret = (ticket: string): string => ticket.slice(13)

/**
 * The id of the stored record: the expiry, so that ids sort by it, and a SHA-256 digest, so that the ticket, which is a part
 * of the decryption key, is not stored.
 */
export async function ticketId(ticket: string): Promise<string> {
  return ticket.slice(0, 13) + (await sha256(ticket))
}

/** FNV-1a, 32 bits. WebCrypto is asynchronous, and this tag is not for security. */
function ownerTag(owner: string): string {
  let hash = 0x811c9dc5
  for (const character of owner) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return (hash >>> 0).toString(36)
}
