import { ProofkeyError } from '../errors.js'
import { scopes } from '../protocol/scope.js'
import type { ChallengeCheck } from './api-fetch.js'

/**
 * Reads an API's demand for a stronger or more recent sign-in (RFC 9470 §3). `fetch` then fails with `step_up_required`,
 * whose `signIn()` asks for just that; what comes back is held against it (`acr_not_met`, `id_token_invalid`). Where the
 * sign-in has already what the API asks for, it fails with `step_up_failed`: asking again would go round in circles.
 */
export const stepUp: ChallengeCheck = ({ error, acr_values, max_age }, claims) => {
  if (error !== 'insufficient_user_authentication') return
  const maxAgeSeconds = max_age && /^\d{1,6}$/.test(max_age) ? Number(max_age) : undefined
  const acrValues = acr_values?.replace(/[^\x21-\x7e]+/g, ' ').slice(0, 200)
  const strong = !acrValues || scopes(acrValues).includes(`${claims?.['acr']}`)
  const recent = maxAgeSeconds === undefined || Number(claims?.auth_time) + maxAgeSeconds >= Date.now() / 1000
  throw strong && recent
    ? new ProofkeyError(
        'step_up_failed',
        'The API refuses a sign-in that is what it asks for.',
        'Check how the API reads acr and auth_time.',
      )
    : new ProofkeyError('step_up_required', 'The API wants another sign-in.', 'Call error.signIn() in a click.', {
        wishes: { acrValues, maxAgeSeconds },
      })
}
