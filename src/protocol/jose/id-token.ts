import type { IDToken, TokenEndpointResponse } from 'oauth4webapi'
import { base64url } from '../../crypto/base64url.js'
import { digest } from '../../crypto/digest.js'
import { type CheckedClaim, ProofkeyError } from '../../errors.js'
import { scopes } from '../scope.js'

/** The requirements that a sign-in can set for its ID token. */
export interface IdTokenOptions {
  /** Space-separated, OpenID Connect Core §3.1.2.1. An ID token is then required, with one of them as `acr` (`acr_not_met`). */
  readonly acrValues?: string | undefined
  /** OpenID Connect Core §3.1.2.1. An ID token is then required, with an `auth_time` that is recent enough. */
  readonly maxAgeSeconds?: number | undefined
}

/**
 * The checks of an ID token that depend on the request. Built once, from the configuration and the request; no other value
 * decides a check. It can be stored as JSON.
 */
export interface IdTokenPolicy extends IdTokenOptions {
  /** Whether the response must contain an ID token. */
  readonly required: boolean
  readonly nonce?: string | undefined
  /** When the authorization request was sent, by this machine's clock; undefined if another machine sent it. */
  readonly requestedAtMs?: number | undefined
  /** Set for the ID token of a refresh: the claims of the sign-in that it continues, as far as they are known. */
  readonly refreshOf?: Partial<IDToken> | undefined
}

/** The policy of a refresh (OpenID Connect Core §12.2). */
export const refreshPolicy = (previous: IDToken | undefined): IdTokenPolicy => ({
  required: false,
  refreshOf: previous ?? {},
})

/** The policy of one request. An ID token is required if `openid` is requested or a check needs one. */
export function idTokenPolicy(
  { scope, acrValues, maxAgeSeconds }: IdTokenOptions & { readonly scope?: string | undefined },
  known: Pick<IdTokenPolicy, 'nonce' | 'requestedAtMs'> = {},
): IdTokenPolicy {
  const required = scopes(scope).includes('openid') || (known.nonce ?? acrValues ?? maxAgeSeconds) !== undefined
  return { ...known, required, acrValues, maxAgeSeconds }
}

/**
 * Combines two demands: of two ages the smaller, and an `acr` that both accept.
 * @returns undefined if no ID token could meet both
 */
export function joinDemands(configured: IdTokenOptions, requested: IdTokenOptions): IdTokenOptions | undefined {
  const ages = [configured.maxAgeSeconds, requested.maxAgeSeconds].filter((age) => age !== undefined)
  const levels = scopes(requested.acrValues)
  const joined = configured.acrValues
    ? scopes(configured.acrValues).filter((acr) => !levels[0] || levels.includes(acr))
    : levels
  if (levels[0] && !joined[0]) return undefined
  return { acrValues: joined.join(' ') || undefined, maxAgeSeconds: ages.length ? Math.min(...ages) : undefined }
}

/** Combines two policies; see {@link joinDemands}. */
export function joinPolicies(configured: IdTokenPolicy, requested: IdTokenOptions & { nonce?: string | undefined }) {
  const joined = joinDemands(configured, requested)
  const scope = configured.required ? 'openid' : undefined
  const known = { nonce: requested.nonce ?? configured.nonce, requestedAtMs: configured.requestedAtMs }
  return joined && idTokenPolicy({ ...joined, scope }, known)
}

/** Tolerance for the server's clock, after the correction by its `Date` header. */
export const CLOCK_SKEW_SECONDS = 300
/** Tolerance for two readings of the same clock. */
const TOLERANCE_SECONDS = 10
const DAY_SECONDS = 86_400
/** The time allowed between sign-in and token response, if the time of the request is not known. */
const INTERACTION_SECONDS = 60

/**
 * The checks of OpenID Connect Core §3.1.3.7 and §3.1.3.8, except `iss`, `aud`, `exp`, `nbf` and the algorithm, which
 * oauth4webapi has checked.
 * @param aheadSeconds the server's time minus ours
 * @throws `id_token_invalid`, `acr_not_met`
 */
export async function checkIdToken(
  claims: IDToken,
  { id_token = '', access_token }: TokenEndpointResponse,
  clientId: string,
  { nonce, maxAgeSeconds, acrValues, requestedAtMs, refreshOf }: IdTokenPolicy,
  aheadSeconds: number,
): Promise<void> {
  const { iss, sub, aud, azp = clientId, iat, auth_time, acr, at_hash } = claims
  const nowSeconds = Date.now() / 1000
  const requestedSeconds = requestedAtMs === undefined ? nowSeconds : requestedAtMs / 1000
  const issuedSeconds = iat - aheadSeconds
  // iat − now is how far the server's clock is from ours: auth_time is compared with the request in the server's time.
  const oldestAuthTime =
    requestedSeconds +
    (iat - nowSeconds) -
    (maxAgeSeconds ?? 0) -
    (requestedAtMs === undefined ? INTERACTION_SECONDS : TOLERANCE_SECONDS)
  const always = {
    // oauth4webapi has checked that it is a string; an empty one identifies no user.
    sub: sub !== '' && sub === (refreshOf?.sub ?? sub),
    azp: azp === clientId,
    at_hash: at_hash === undefined || at_hash === (await halfHash(id_token, access_token)),
  }
  const checks: Partial<Record<CheckedClaim, boolean>> = refreshOf
    ? {
        iss: iss === (refreshOf.iss ?? iss),
        nonce: claims.nonce === undefined || !refreshOf.sub || claims.nonce === refreshOf.nonce,
        // Compared with the server's own earlier time: newer, and not far ahead.
        iat: iat > (refreshOf.iat ?? 0) - CLOCK_SKEW_SECONDS && issuedSeconds < nowSeconds + DAY_SECONDS,
        ...always,
      }
    : {
        nonce: claims.nonce === nonce,
        aud: [aud].flat().length === 1,
        iat: issuedSeconds > requestedSeconds - CLOCK_SKEW_SECONDS && issuedSeconds < nowSeconds + CLOCK_SKEW_SECONDS,
        auth_time: maxAgeSeconds === undefined || Number(auth_time) >= oldestAuthTime,
        ...always,
      }
  const failedCheck = Object.entries(checks).find(([, passed]) => !passed)?.[0] as CheckedClaim | undefined
  if (failedCheck) throw invalidIdToken(`its ${failedCheck} is wrong`, failedCheck)
  if (acrValues && !scopes(acrValues).includes(acr as string)) {
    const hint = 'Check that the server supports acrValues.'
    throw new ProofkeyError('acr_not_met', 'The acr of the ID token is not one of acrValues.', hint, { claim: 'acr' })
  }
}

export const invalidIdToken = (what: string, claim?: CheckedClaim): ProofkeyError =>
  new ProofkeyError('id_token_invalid', `The ID token was rejected: ${what}.`, hintFor(claim), { claim })

/** For claims of time and of the client; any other claim that is wrong may be injected. */
const hintFor = (claim = '') =>
  /exp|nbf|iat|time/.test(claim)
    ? 'Check the clocks.'
    : /aud|azp/.test(claim)
      ? 'Check clientId.'
      : 'Start a new sign-in; it may be an attack.'

/** The left half of the digest that the ID token's algorithm uses; that of Ed25519 and EdDSA is SHA-512. */
async function halfHash(idToken: string, accessToken: string): Promise<string> {
  const [header = ''] = idToken.split('.')
  const { alg } = JSON.parse(atob(header.replace(/-/g, '+').replace(/_/g, '/')))
  const hash = await digest(`SHA-${/(256|384)$/.exec(alg)?.[0] ?? 512}`, accessToken)
  return base64url(hash.subarray(0, hash.length / 2))
}
