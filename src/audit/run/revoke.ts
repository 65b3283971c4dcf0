import { type ContextParts, createContext } from './context.js'

/**
 * Revokes what the audit obtained: refresh tokens first, because most servers end the access tokens with them.
 * @returns how many tokens may still be valid
 */
export async function revokeAll(parts: ContextParts): Promise<number> {
  const { tokens } = parts.issued
  if (typeof parts.metadata?.['revocation_endpoint'] !== 'string') return tokens.length
  const context = createContext(parts)
  let left = 0
  for (const { token, hint, client } of [...tokens].sort((a, b) => b.hint.localeCompare(a.hint))) {
    try {
      const request = await context.authenticated('revocation_endpoint', { token, token_type_hint: hint }, client)
      const { status } = await context.send(request)
      if (status !== 200) left++
    } catch {
      left++
    }
  }
  return left
}
