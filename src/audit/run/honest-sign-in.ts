import { Inconclusive, inconclusive, type Verdict } from '../check.js'
import type { AuditClient } from '../client.js'
import { type ContextParts, createContext } from './context.js'

/**
 * Signs in once with each client as an honest app would. A refusal says something about an attack only where the same request
 * without the attack gives tokens.
 */
export function createHonestSignIns(parts: ContextParts) {
  const failures = new Map<AuditClient, Verdict | undefined>()

  async function signIn(client: AuditClient): Promise<Verdict | undefined> {
    try {
      await createContext({ ...parts, client }).tokens()
      return undefined
    } catch (error) {
      if (!(error instanceof Inconclusive)) throw error
      return inconclusive(`No attack was tried, because an honest sign-in fails already: ${error.message}`)
    }
  }

  return {
    /** Why an honest sign-in with this client fails, if it does. */
    async failure(client: AuditClient): Promise<Verdict | undefined> {
      if (!failures.has(client)) failures.set(client, await signIn(client))
      return failures.get(client)
    },
    /** Signs in again before the next check: after an unclear result the client may be locked out. */
    forget(client: AuditClient): void {
      failures.delete(client)
    },
  }
}

export type HonestSignIns = ReturnType<typeof createHonestSignIns>
