import { ProofkeyError } from '../errors.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import type { Claims } from '../protocol/resource/token-checks.js'
import { scopes } from '../protocol/scope.js'

/** What a request needs. */
export interface Demands {
  /** Space-separated scope values, all of which the token must have (RFC 6750 §3.1). */
  readonly scope?: string | undefined
  /** Space-separated; the user must have signed in with one of them (RFC 9470 §3). */
  readonly acrValues?: string | undefined
  /** How long ago the user may have signed in (RFC 9470 §3). */
  readonly maxAgeSeconds?: number | undefined
}

/** RFC 6749 §3.3: `NQCHAR` and spaces. */
const isList = (value: unknown) => value === undefined || (typeof value === 'string' && /^[ !#-[\]-~]*$/.test(value))

/** @throws `config_invalid` */
export function checkDemands({ scope, acrValues, maxAgeSeconds = 0 }: Demands): void {
  const problems = [
    ...(isList(scope) ? [] : ['scope: must be space-separated scope values']),
    ...(isList(acrValues) ? [] : ['acrValues: must be space-separated values']),
    ...(typeof maxAgeSeconds === 'number' && maxAgeSeconds >= 0 ? [] : ['maxAgeSeconds: must be 0 or more']),
  ]
  if (problems[0]) throw configInvalid(problems)
}

/**
 * Compares a valid token with the demands: first the sign-in, since another one brings a new scope as well.
 * @throws `step_up_required`, `insufficient_scope`
 */
export function checkDemandsMet(
  claims: Claims,
  { scope, acrValues, maxAgeSeconds }: Demands,
  clockToleranceSeconds: number,
): void {
  const { acr, auth_time } = claims
  const levels = scopes(acrValues)
  const strong = !levels[0] || levels.includes(acr as string)
  const oldest = Date.now() / 1000 - (maxAgeSeconds ?? 0) - clockToleranceSeconds
  const recent = maxAgeSeconds === undefined || Number(auth_time ?? Number.NaN) >= oldest
  if (!strong || !recent)
    throw new ProofkeyError(
      'step_up_required',
      `The user must sign in again${strong ? ', more recently' : ' at another level'}.`,
      'The client has to start a sign-in with what the challenge says.',
      { requirements: { acrValues, maxAgeSeconds } },
    )
  const granted = scopes(claims['scope'] as string | undefined)
  if (scopes(scope).some((one) => !granted.includes(one)))
    throw new ProofkeyError(
      'insufficient_scope',
      `The token lacks a part of the scope ${scope}.`,
      'The client has to request a token with this scope.',
      { requirements: { scope } },
    )
}
