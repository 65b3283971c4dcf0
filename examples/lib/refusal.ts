// In an app of yours: from 'proofkey/server'.
import { isProofkeyError } from '../../src/server.js'
import { errorPage } from './page.js'

/**
 * The page for an error. Of a ProofkeyError it shows what happened and the repair; any other error goes to the log only.
 * The headers of a ProofkeyError delete the sign-in's cookie, or keep it where the same URL may work in a moment.
 */
export function refusalResponse(error: unknown): Response {
  if (!isProofkeyError(error)) {
    console.error(error)
    return errorPage('Something went wrong', 'The error was logged. Please try again later.', 500)
  }
  const { code, message, hint, retryable } = error
  const headers = 'headers' in error ? (error.headers as Headers) : new Headers()
  const reload = retryable ? ' Reload this page to try once more.' : ''
  return errorPage('That did not work', `${message} ${hint}${reload} (${code})`, retryable ? 503 : 400, headers)
}
