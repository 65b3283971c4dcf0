// In an app of yours: from 'proofkey/server'.
import { type ErrorCode, isProofkeyError } from '../../src/server.js'
import { errorPage } from './page.js'

/** What a person can do about it; for all else there is the error's own hint. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  access_denied: 'The sign-in was not allowed.',
  expired: 'The sign-in took too long. Please start again.',
  login_required: 'Nobody is signed in.',
  unknown_state: 'This link was used before, or belongs to another browser. Please start again.',
}

/**
 * The page for an error. Of a ProofkeyError it shows what happened and the repair; any other error goes to the log only.
 * The headers of a ProofkeyError delete the sign-in's cookie, or keep it where the same URL may work in a moment.
 */
export const refusalResponse = (error: unknown): Response => refusalPage(error, '/auth/sign-in?returnTo=/')

/** @param signInAt the path of the sign-in; undefined where a page of the app starts it */
export function refusalPage(error: unknown, signInAt?: string): Response {
  if (!isProofkeyError(error)) {
    console.error(error)
    return errorPage({ title: 'Something went wrong', text: 'Please try again later.', status: 500 })
  }
  const { code, message, hint, retryable, headers } = error
  const reload = retryable ? ' Reload this page to try once more.' : ''
  return errorPage({
    title: 'That did not work',
    text: `${WORDS[code] ?? `${message} ${hint}`}${reload} (${code})`,
    status: code === 'login_required' ? 401 : retryable ? 503 : 400,
    headers,
    signInAt,
  })
}
