// In an app of yours: from 'proofkey/server'.
import { isProofkeyError } from '../../src/server.js'

/**
 * A refused sign-in as a person reads it: the code, what happened, and the repair. As plain text, for parts of it come
 * from elsewhere. The headers delete the sign-in's cookie, or, where the same URL may work in a moment, keep it.
 */
export function refusalResponse(error: unknown): Response {
  if (!isProofkeyError(error)) throw error
  const { code, message, hint, retryable } = error
  const headers = 'headers' in error ? (error.headers as Headers) : new Headers()
  return new Response(`${code}\n\n${message}\n${hint}\n`, { status: retryable ? 503 : 400, headers })
}
