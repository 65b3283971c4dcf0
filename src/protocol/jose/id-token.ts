import type { IDToken } from 'oauth4webapi'
import { base64url } from '../../crypto/base64url.js'
import { digest } from '../../crypto/digest.js'
import { type CheckedClaim, ProofkeyError } from '../../errors.js'
import { scopes } from '../scope.js'

/** What a sign-in can demand of its ID token. */
export interface IdTokenOptions {
  /** Space-separated, OpenID Connect Core §3.1.2.1. An ID token must then come, its `acr` one of them (`acr_not_met`). */
  readonly acrValues?: string | undefined
  /** OpenID Connect Core §3.1.2.1. An ID token must then come, its `auth_time` recent enough. */
  readonly maxAgeSeconds?: number | undefined
}

/**
 * What an ID token is held against, beyond what every one must be. Built once, from the configuration and the request,
 * and handed on whole: nothing else decides a check. Survives JSON.
 */
export interface IdTokenPolicy extends IdTokenOptions {
  /** An ID token must come. */
  readonly required: boolean
  readonly nonce?: string | undefined
  /** When the person was sent to the server, by this machine's clock; undefined where another machine sent them. */
  readonly requestedAtMs?: number | undefined
}

/** The policy of one request: required where `openid` is asked for, or where there is something to check. */
export function idTokenPolicy(
  { scope, acrValues, maxAgeSeconds }: IdTokenOptions & { readonly scope?: string | undefined },
  known: Pick<IdTokenPolicy, 'nonce' | 'requestedAtMs'> = {},
): IdTokenPolicy {
  const required = scopes(scope).includes('openid') || (known.nonce ?? acrValues ?? maxAgeSeconds) !== undefined
  return { ...known, required, acrValues, maxAgeSeconds }
}

/**
 * Both policies in one: the stricter of each two demands.
 * @returns undefined where no ID token could meet both
 */
export function joinPolicies(ours: IdTokenPolicy, theirs: IdTokenOptions & { nonce?: string | undefined }) {
  const ages = [ours.maxAgeSeconds, theirs.maxAgeSeconds].filter((age) => age !== undefined)
  const levels = scopes(theirs.acrValues)
  const joined = ours.acrValues ? scopes(ours.acrValues).filter((acr) => !levels[0] || levels.includes(acr)) : levels
  if (levels[0] && !joined[0]) return undefined
  return idTokenPolicy(
    {
      scope: ours.required ? 'openid' : undefined,
      acrValues: joined.join(' ') || undefined,
      maxAgeSeconds: ages.length ? Math.min(...ages) : undefined,
    },
    { nonce: theirs.nonce ?? ours.nonce, requestedAtMs: ours.requestedAtMs },
  )
}

/** How far the server's clock may be from what we take it for. */
export const CLOCK_SKEW_SECONDS = 300
/** How far one clock's two readings may be apart. */
const TOLERANCE_SECONDS = 10
/** How long a person may take between signing in and coming back, where nobody knows when they were sent. */
const INTERACTION_SECONDS = 60

/** What {@link checkIdToken} is given of the response besides the claims. */
export interface IdTokenContext {
  readonly clientId: string
  readonly idToken: string
  readonly accessToken: string
  /** How far the server's clock is ahead of ours. */
  readonly aheadSeconds: number
}

/**
 * What OpenID Connect Core §3.1.3.7 and §3.1.3.8 ask for beyond `iss`, `aud`, `exp`, `nbf` and the algorithm, which
 * oauth4webapi has checked.
 * @throws `id_token_invalid`, `acr_not_met`
 */
export async function checkIdToken(
  claims: IDToken,
  { clientId, idToken, accessToken, aheadSeconds }: IdTokenContext,
  { nonce, maxAgeSeconds, acrValues, requestedAtMs }: IdTokenPolicy,
): Promise<void> {
  const { aud, azp = clientId, iat, auth_time, acr, at_hash } = claims
  const nowSeconds = Date.now() / 1000
  const requestedSeconds = requestedAtMs === undefined ? nowSeconds : requestedAtMs / 1000
  const issuedSeconds = iat - aheadSeconds
  // iat − now is how far the server's clock is from ours: auth_time is held against the request in the server's time.
  const oldestAuthTime =
    requestedSeconds +
    (iat - nowSeconds) -
    (maxAgeSeconds ?? 0) -
    (requestedAtMs === undefined ? INTERACTION_SECONDS : TOLERANCE_SECONDS)
  const checks: Partial<Record<CheckedClaim, boolean>> = {
    // A string, as oauth4webapi has checked; an empty one names nobody.
    sub: claims.sub !== '',
    nonce: claims.nonce === nonce,
    aud: [aud].flat().length === 1,
    azp: azp === clientId,
    iat: issuedSeconds > requestedSeconds - CLOCK_SKEW_SECONDS && issuedSeconds < nowSeconds + CLOCK_SKEW_SECONDS,
    auth_time: maxAgeSeconds === undefined || Number(auth_time) >= oldestAuthTime,
    at_hash: at_hash === undefined || at_hash === (await halfHash(idToken, accessToken)),
  }
  const failedCheck = Object.entries(checks).find(([, passed]) => !passed)?.[0] as CheckedClaim | undefined
  if (failedCheck) throw invalidIdToken(`its ${failedCheck} is wrong`, failedCheck)
  if (acrValues && !scopes(acrValues).includes(acr as string)) {
    const hint = 'Ask for it by acrValues, and check that the server offers it.'
    throw new ProofkeyError('acr_not_met', 'The sign-in is weaker than acrValues asks.', hint, { claim: 'acr' })
  }
}

export const invalidIdToken = (what: string, claim?: CheckedClaim): ProofkeyError =>
  new ProofkeyError('id_token_invalid', `The ID token was refused: ${what}.`, 'Check the clock; maybe an attack.', {
    claim,
  })

/** The left half of the digest that the ID token's algorithm uses; that of Ed25519 and EdDSA is SHA-512. */
async function halfHash(idToken: string, accessToken: string): Promise<string> {
  const [header = ''] = idToken.split('.')
  const { alg } = JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/')))
  const hash = await digest(`SHA-${/(256|384)$/.exec(alg)?.[0] ?? 512}`, accessToken)
  return base64url(hash.subarray(0, hash.length / 2))
}
