import { configInvalid } from '../protocol/authorize/begin.js'
import type { ClientRegistration, ClientRegistrations } from '../protocol/client-auth/registrations.js'
import { inTurn } from '../vault/session-store.js'

/** Options of {@link memoryRegistrations}. */
export interface MemoryRegistrationsOptions {
  /** The maximum number of issuers; the oldest are dropped, and registered again when needed. Default 1,000. */
  readonly maxEntries?: number | undefined
}

/**
 * Stores registered clients in memory, until the process or page ends.
 * @throws `config_invalid`
 * @example
 * ```ts
 * import { type CheckedMetadata, identifyClient, memoryRegistrations } from 'proofkey/protocol'
 *
 * declare const server: CheckedMetadata
 * const client = await identifyClient(server, {
 *   redirectUri: 'http://127.0.0.1/callback',
 *   register: { clientName: 'My agent' },
 *   registrations: memoryRegistrations(),
 * })
 * ```
 */
export function memoryRegistrations({ maxEntries = 1000 }: MemoryRegistrationsOptions = {}): ClientRegistrations {
  if (!(maxEntries >= 1)) throw configInvalid(['maxEntries: must be at least 1'])
  const stored = new Map<string, ClientRegistration>()
  return {
    get: async (issuer) => stored.get(issuer),
    async add(issuer, registration) {
      const kept = stored.get(issuer) ?? registration
      stored.set(issuer, kept)
      // Whoever names authorization servers decides how many there are.
      for (const oldest of stored.keys()) {
        if (stored.size <= maxEntries) break
        stored.delete(oldest)
      }
      return kept
    },
    delete: async (issuer, clientId) => stored.get(issuer)?.clientId === clientId && stored.delete(issuer),
    exclusive: inTurn(),
  }
}
