import { ProofkeyError } from '../errors.js'
import { scopes } from '../protocol/scope.js'
import { type ChallengeCheck, stepUpFailed } from './token-fetch.js'

/** A sign-in that is refused when it is no older would be followed by one that is refused as well. */
const JUST_NOW_SECONDS = 3

/**
 * Reads an API's demand for a stronger or more recent sign-in (RFC 9470 §3). `fetch` then fails with `step_up_required`,
 * and its `signIn()` asks for that; what comes back is held against it (`acr_not_met`, `id_token_invalid`). Where the
 * token that was sent has already what the API asks for, or its sign-in was a moment ago, it fails with `step_up_failed`:
 * asking again would not end.
 * @example
 * ```ts
 * import { createApiFetch, createSessionClient, isProofkeyError, stepUp } from 'proofkey'
 *
 * const auth = createSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   apis: { 'https://api.example.com': {} },
 *   stepUp,
 * })
 * const pay = () =>
 *   createApiFetch(auth)('https://api.example.com/payments', { method: 'POST' }).catch((error: unknown) => {
 *     if (isProofkeyError(error) && error.code === 'step_up_required') return error.signIn?.() // in a click handler
 *     throw error
 *   })
 * ```
 */
export const stepUp: ChallengeCheck = ({ error, acr_values, max_age }, { acr, authenticatedAtMs }) => {
  if (error !== 'insufficient_user_authentication') return
  const maxAgeSeconds = max_age && /^\d{1,6}$/.test(max_age) ? Number(max_age) : undefined
  const acrValues = acr_values?.replace(/[^\x21-\x7e]+/g, ' ').slice(0, 200)
  const strong = !acrValues || scopes(acrValues).includes(`${acr}`)
  const ageSeconds = (Date.now() - Number(authenticatedAtMs)) / 1000
  const recent = maxAgeSeconds === undefined || ageSeconds <= Math.max(maxAgeSeconds, JUST_NOW_SECONDS)
  throw strong && recent
    ? stepUpFailed()
    : new ProofkeyError('step_up_required', 'The API wants another sign-in.', 'Call error.signIn() in a click.', {
        requirements: { acrValues, maxAgeSeconds },
      })
}
