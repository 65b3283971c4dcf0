// In an app of yours: from 'proofkey/server'.
import { isProofkeyError } from '../../src/server.js'
import { errorPage } from './page.js'

/**
 * What a person reads where something failed: of a refused sign-in what happened and the repair, of all else nothing,
 * for that is for the log. A refusal's headers delete the sign-in's cookie, or keep it where the same URL may work in a
 * moment.
 */
export function refusalResponse(error: unknown): Response {
  if (!isProofkeyError(error)) {
    console.error(error)
    return errorPage('Something went wrong', 'It is written down here. Please try again later.', 500)
  }
  const { code, message, hint, retryable } = error
  const headers = 'headers' in error ? (error.headers as Headers) : new Headers()
  const reload = retryable ? ' Reload this page to try once more.' : ''
  return errorPage('That did not work', `${message} ${hint}${reload} (${code})`, retryable ? 503 : 400, headers)
}
