import { base64url } from '../../crypto/base64url.js'
import { digest } from '../../crypto/digest.js'
import { type CheckedClaim, ProofkeyError, redact, type Secrets } from '../../errors.js'
import { MAX_TOKEN_SECONDS } from '../../limits.js'
import type { PinnedServer } from '../authorize/transaction.js'
import { timeProblem } from '../clock.js'
import { isName, isTime } from '../json.js'
import { scopes } from '../scope.js'
import type { Jwt } from './jws.js'
import type { IdTokenClaims } from './standard-claims.js'

/** The requirements that a sign-in can set for its ID token. */
export interface IdTokenOptions {
  /** Space-separated, OpenID Connect Core §3.1.2.1. An ID token is then required, with one of them as `acr` (`acr_not_met`). */
  readonly acrValues?: string | undefined
  /** OpenID Connect Core §3.1.2.1. An ID token is then required, with an `auth_time` that is recent enough. */
  readonly maxAgeSeconds?: number | undefined
}

/** Other clients whose tokens an ID token may be meant for as well. */
export interface TrustedAudiences {
  /**
   * The values of `aud` that an ID token may have besides `clientId`, if its `azp` is `clientId` (OpenID Connect Core
   * §3.1.3.7, 3). Some servers add the project or the API. Default: none.
   */
  readonly trustedAudiences?: readonly string[] | undefined
}

/**
 * The checks of an ID token that depend on the request. Built once, from the configuration and the request; no other value
 * decides a check. It can be stored as JSON.
 */
export interface IdTokenPolicy extends IdTokenOptions, TrustedAudiences {
  /** Whether the response must contain an ID token. */
  readonly required: boolean
  readonly nonce?: string | undefined
  /** When the authorization request was sent, by this machine's clock; undefined if another machine sent it. */
  readonly requestedAtMs?: number | undefined
  /** Set for the ID token of a refresh: the claims of the sign-in that it continues, as far as they are known. */
  readonly refreshOf?: Partial<IdTokenClaims> | undefined
}

/** The policy of a refresh (OpenID Connect Core §12.2). */
export const refreshPolicy = (previous: IdTokenClaims | undefined): IdTokenPolicy => ({
  required: false,
  refreshOf: previous ?? {},
})

/** The policy of one request. An ID token is required if `openid` is requested or a check needs one. */
export function idTokenPolicy(
  {
    scope,
    acrValues,
    maxAgeSeconds,
    trustedAudiences,
  }: IdTokenOptions & TrustedAudiences & { readonly scope?: string | undefined },
  known: Pick<IdTokenPolicy, 'nonce' | 'requestedAtMs'> = {},
): IdTokenPolicy {
  const required = scopes(scope).includes('openid') || (known.nonce ?? acrValues ?? maxAgeSeconds) !== undefined
  return { ...known, required, acrValues, maxAgeSeconds, trustedAudiences }
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
  return joined && idTokenPolicy({ ...joined, scope, trustedAudiences: configured.trustedAudiences }, known)
}

/** Where an ID token comes from, and what came with it. */
export interface IdTokenSource {
  /** With the issuer and the algorithms that are accepted. */
  readonly server: PinnedServer
  readonly clientId: string
  readonly accessToken: string
  /** The server's time minus ours, by the `Date` header; undefined if it is not known. */
  readonly aheadSeconds: number | undefined
  /** Withheld in messages. */
  readonly secrets: Secrets
}

/** Tolerance for the server's clock, after the correction by its own time. */
export const CLOCK_SKEW_SECONDS = 300
/** Tolerance for two readings of the same clock. */
const TOLERANCE_SECONDS = 10
/** How much older than the request an ID token without a nonce may be: more than a day, since clocks can be wrong by one. */
const MAX_AGE_SECONDS = 90_000
/** The time allowed between sign-in and token response, if the time of the request is not known. */
const INTERACTION_SECONDS = 60

/**
 * The server's time minus ours, for the checks of `exp` and `nbf`. With our nonce in it, an ID token was issued after the
 * request, so its `iat` is the server's time. Otherwise it is the time of the `Date` header; if that is not known, of `iat`.
 * @param aheadSeconds by the `Date` header
 */
function issuerAheadSeconds(
  { iat, nonce: returned }: IdTokenClaims,
  { nonce, refreshOf }: IdTokenPolicy,
  aheadSeconds: number | undefined,
): number {
  const isFresh = !refreshOf && nonce && returned === nonce
  return (isFresh ? undefined : aheadSeconds) ?? (iat === undefined ? 0 : iat - Date.now() / 1000)
}

/**
 * The checks of OpenID Connect Core §3.1.3.7 and §3.1.3.8, of a refresh those of §12.2. The signature is checked apart.
 * @returns the claims
 * @throws `id_token_invalid`, `acr_not_met`
 */
export async function checkIdToken(
  { header: { alg }, claims: unchecked }: Jwt,
  policy: IdTokenPolicy,
  { server, clientId, accessToken, aheadSeconds, secrets }: IdTokenSource,
): Promise<IdTokenClaims> {
  const { issuer, id_token_signing_alg_values_supported: algorithms = ['RS256'] } = server
  if (!algorithms.includes(alg))
    throw invalidIdToken(`its alg is ${redact(alg, secrets)}`, undefined, 'Let the server sign it with RS256 or ES256.')
  const claims = unchecked as unknown as IdTokenClaims
  // Before any arithmetic, which would read a text as a number, or call a function of an object.
  for (const name of ['exp', 'iat', 'nbf', 'auth_time'] as const)
    if (claims[name] !== undefined && !isTime(claims[name])) throw invalidIdToken(timeProblem(name, claims[name]), name)
  const { iss, sub, aud, azp, exp, iat, nbf, auth_time, acr, at_hash } = claims
  const { nonce, maxAgeSeconds, acrValues, requestedAtMs, refreshOf, trustedAudiences = [] } = policy
  const nowSeconds = Date.now() / 1000
  const requestedSeconds = (requestedAtMs ?? Date.now()) / 1000
  const serverNow = nowSeconds + (aheadSeconds ?? 0)
  const issuerNow = nowSeconds + issuerAheadSeconds(claims, policy, aheadSeconds)
  // auth_time is compared with the request in the server's time. Some servers back-date iat, so the later one counts.
  const oldestAuthTime =
    maxAgeSeconds === undefined
      ? 0
      : requestedSeconds +
        Math.max(iat - nowSeconds, aheadSeconds ?? -Infinity) -
        maxAgeSeconds -
        (requestedAtMs === undefined ? INTERACTION_SECONDS : TOLERANCE_SECONDS)
  const audiences = [aud].flat()
  const others = audiences.filter((audience) => audience !== clientId && !trustedAudiences.includes(audience))
  const isForUs = audiences.includes(clientId)
  const always = {
    iss: iss === issuer && iss === (refreshOf?.iss ?? iss),
    sub: isName(sub) && sub === (refreshOf?.sub ?? sub),
    azp: azp === clientId || (azp === undefined && audiences.length < 2),
    exp: exp > Math.max(iat - TOLERANCE_SECONDS, issuerNow - CLOCK_SKEW_SECONDS),
    nbf: nbf === undefined || nbf <= issuerNow + CLOCK_SKEW_SECONDS,
    auth_time: auth_time === undefined ? maxAgeSeconds === undefined : auth_time >= oldestAuthTime,
    at_hash: at_hash === undefined || at_hash === (await halfHash(alg, accessToken)),
  }
  const checks: Partial<Record<CheckedClaim, boolean>> = refreshOf
    ? {
        aud: isForUs,
        nonce: claims.nonce === undefined || !refreshOf.sub || claims.nonce === refreshOf.nonce,
        // Compared with the server's own earlier time: newer, and not far ahead.
        iat:
          iat > (refreshOf.iat ?? 0) - CLOCK_SKEW_SECONDS &&
          iat < Math.max(serverNow, refreshOf.iat ?? iat) + MAX_TOKEN_SECONDS,
        ...always,
      }
    : {
        nonce: claims.nonce === nonce,
        aud: isForUs && others.length === 0,
        // A nonce proves that the token is new, whatever the clocks say.
        iat:
          iat !== undefined &&
          (nonce !== undefined || iat > requestedSeconds + serverNow - nowSeconds - MAX_AGE_SECONDS),
        ...always,
      }
  const failedCheck = Object.entries(checks).find(([, passed]) => !passed)?.[0] as CheckedClaim | undefined
  if (failedCheck === 'aud' && isForUs)
    throw invalidIdToken(
      `its aud contains others: ${redact(others.filter(isName).join(' '), secrets)}`,
      failedCheck,
      'List those that you trust in trustedAudiences.',
    )
  if (failedCheck) {
    const value = claims[failedCheck]
    throw invalidIdToken(
      timeProblem(failedCheck, value, /exp|nbf/.test(failedCheck) ? issuerNow : serverNow),
      failedCheck,
      failedCheck === 'nonce' && value === undefined ? NO_NONCE : undefined,
    )
  }
  if (acrValues && !scopes(acrValues).includes(acr as string)) {
    throw new ProofkeyError(
      'acr_not_met',
      'The acr of the ID token is not one of acrValues.',
      'Check that the server supports acrValues.',
      { claim: 'acr' },
    )
  }
  return claims
}

const NO_NONCE = 'The server must return it; LinkedIn: see proofkey/providers.'

export const invalidIdToken = (what: string, claim?: CheckedClaim, hint = hintFor(claim)): ProofkeyError =>
  new ProofkeyError('id_token_invalid', `The ID token was rejected: ${what}.`, hint, { claim })

/** For claims of time and of the client; any other claim that is wrong may be injected. */
const hintFor = (claim = '') =>
  /exp|nbf|iat|time/.test(claim)
    ? 'Check the clocks.'
    : /aud|azp/.test(claim)
      ? 'Check clientId.'
      : 'Start a new sign-in; it may be an attack.'

/** The left half of the digest that the ID token's algorithm uses; that of Ed25519 and EdDSA is SHA-512. */
async function halfHash(alg: string, accessToken: string): Promise<string> {
  const hash = await digest(`SHA-${/(256|384)$/.exec(alg)?.[0] ?? 512}`, accessToken)
  return base64url(hash.subarray(0, hash.length / 2))
}
