import type { ClientRegistration, ClientRegistrations } from '../protocol/client-auth/registrations.js'
import { inTurn } from '../vault/session-store.js'

/**
 * Stores registered clients in memory, until the process or page ends.
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
export function memoryRegistrations(): ClientRegistrations {
  const stored = new Map<string, ClientRegistration>()
  return {
    get: async (issuer) => stored.get(issuer),
    async add(issuer, registration) {
      const kept = stored.get(issuer) ?? registration
      stored.set(issuer, kept)
      return kept
    },
    delete: async (issuer, clientId) => stored.get(issuer)?.clientId === clientId && stored.delete(issuer),
    exclusive: inTurn(),
  }
}
