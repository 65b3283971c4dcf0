import { ProofkeyError } from '../../errors.js'
import { readChallenge } from '../../protocol/resource/challenge.js'
import { stepUp } from '../../session/step-up.js'
import { insufficientScope, stepUpFailed } from '../../session/token-fetch.js'
import type { RefusalCheck } from './backend-fetch.js'

/**
 * Lets `fetch` of a backend session client understand what an API demands of a sign-in: by the challenge that `forward` passes
 * on (RFC 9470 §3, RFC 6750 §3.1), or by the JSON of `forward` or of a route of the app, `{ code, requirements }` of the error
 * that the backend's `fetch` threw. `fetch` then throws `step_up_required` or `insufficient_scope`; or `step_up_failed` if the
 * sign-in meets the challenge already, or no sign-in of the app could.
 * @example
 * ```ts
 * import { backendStepUp, createBackendSessionClient } from 'proofkey'
 *
 * const auth = createBackendSessionClient({ backend: '/auth', stepUp: backendStepUp })
 * ```
 */
export const backendStepUp: RefusalCheck = ({ response, body, found }) => {
  const { code, requirements } = { ...body }
  const required = requirementsIn(Object(requirements))
  if (code === 'step_up_failed')
    throw stepUpFailed('See the hint in the response of the backend, in the network tools of the browser.')
  if (code === 'insufficient_scope') throw insufficientScope(required.scope ?? '', SCOPE_HINT)
  if (code === 'step_up_required')
    throw new ProofkeyError(code, 'The API requires another sign-in.', 'See requirements.', { requirements: required })
  const challenge = readChallenge(response)
  if (challenge.error === 'insufficient_scope')
    throw insufficientScope((challenge.scope ?? '').slice(0, MAX_CHARACTERS), SCOPE_HINT)
  const { scope = '', claims } = found?.session ?? {}
  const authTime = claims?.auth_time
  stepUp(challenge, {
    scope,
    acr: claims?.acr,
    authenticatedAtMs: authTime === undefined ? undefined : authTime * 1000 + (found?.aheadMs ?? 0),
  })
}

const SCOPE_HINT = 'Navigate to a route of the app that returns auth.signIn(request, { scope }).'
const MAX_CHARACTERS = 200

function requirementsIn({ scope, acrValues, maxAgeSeconds }: Record<string, unknown>) {
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, MAX_CHARACTERS) : undefined)
  return {
    scope: text(scope),
    acrValues: text(acrValues),
    maxAgeSeconds: Number.isInteger(maxAgeSeconds) ? Number(maxAgeSeconds) : undefined,
  }
}
