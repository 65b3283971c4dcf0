import { expect } from 'vitest'
import { createTicket } from '../../src/crypto/ticket.js'

/** Two clients of one origin, as the vault knows them. */
export const ADA = '["https://as.example","ada"]'
export const BOB = '["https://as.example","bob"]'

export const LIFETIME_MS = 600_000

export const ticketFor = (owner: string, lifetimeMs = LIFETIME_MS): string =>
  createTicket(owner, Date.now() + lifetimeMs)

/** A take that gave this value; how it is put back is the vault's own. */
export const taken = (value: string) => ({ status: 'taken', value, putBack: expect.any(Function) })
