import type { AuditClient } from '../client.js'
import type { Redaction } from './redact.js'

/** A token that the audit obtained. */
export interface IssuedToken {
  readonly token: string
  readonly hint: 'refresh_token' | 'access_token'
  readonly client: AuditClient
}

/** Keeps every token that was obtained, to revoke it at the end, and hides it in reports. */
export function createIssuedTokens(redaction: Redaction) {
  const tokens: IssuedToken[] = []
  return {
    tokens,
    /** @param response the members of a token response, if it is one */
    add(response: Readonly<Record<string, unknown>> | undefined, client: AuditClient): void {
      for (const name of ['access_token', 'refresh_token', 'id_token'] as const) {
        const token = response?.[name]
        if (typeof token !== 'string' || !token) continue
        redaction.add(token, name)
        if (name !== 'id_token') tokens.push({ token, hint: name, client })
      }
    },
  }
}

export type IssuedTokens = ReturnType<typeof createIssuedTokens>
