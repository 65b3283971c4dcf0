import type { SessionStore } from '../vault/session-store.js'
import type { KnownServer } from './connection.js'

/** Keeps what an MCP server has said about its authorization server, beside the session: the next page starts with it. */
export function knownServers(store: SessionStore, url: string, user: string | undefined) {
  const owner = `mcp ${JSON.stringify([url, user])}`
  return {
    async read(): Promise<KnownServer | undefined> {
      try {
        const { resource, authorizationServers, scope, issuer } = JSON.parse((await store.read(owner)).text ?? '')
        return { resource, authorizationServers, scope, issuer }
      } catch {
        // Lost, or of another version: the server is asked again.
        return undefined
      }
    },
    async write(known: KnownServer): Promise<void> {
      const { epoch } = await store.read(owner)
      // If another process was faster, what it has written is as good.
      await store.replace(owner, epoch, { epoch: epoch + 1, text: JSON.stringify(known) })
    },
  }
}
