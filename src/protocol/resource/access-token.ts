import type { Jwt } from '../jose/jws.js'
import { headerOf, isSignedBy, parseJwt } from '../jose/jws.js'
import type { KeySource } from '../jose/key-source.js'
import { type AccessTokenProfile, STANDARD } from './access-token-profile.js'
import { type Claims, requireChecks, type TokenPolicy, tokenChecks, tokenRefused } from './token-checks.js'

/** How a JWT access token is validated. */
export interface AccessTokenPolicy extends TokenPolicy {
  readonly algorithms: readonly string[]
  readonly keys: KeySource
  /** Default: RFC 9068. */
  readonly profile?: AccessTokenProfile | undefined
}

/**
 * Parses an access token.
 * @returns undefined if it is no signed JWT: it is opaque
 * @throws `token_refused` if it is one that cannot be read, for example with a `crit` header
 */
export function parseAccessToken(token: string): Jwt | undefined {
  const jwt = parseJwt(token)
  if (!jwt && token.split('.').length === 3 && Object.keys(headerOf(token) ?? {}).length)
    throw tokenRefused('it is a JWT that is malformed or has a crit header')
  return jwt
}

/**
 * Validates a JWT access token (RFC 9068 §4): type, algorithm, `iss`, `aud`, `exp`, `iat`, `nbf`, `sub`, `client_id`, `jti` and
 * signature. An ID token has another type, and is refused.
 * @returns the claims, with `client_id` and `scope` under their standard names
 * @throws `token_refused`; the errors of `keys`
 */
export async function validateAccessToken(jwt: Jwt, policy: AccessTokenPolicy): Promise<Claims> {
  const { header } = jwt
  const { profile = STANDARD, algorithms, keys } = policy
  const claims = profile.read(jwt.claims)
  if (!isType(header.typ, profile, jwt.claims)) throw tokenRefused('its typ is missing or wrong', 'typ')
  if (!algorithms.includes(header.alg)) throw tokenRefused('its alg is wrong', 'alg')
  requireChecks(tokenChecks(claims, policy), claims)
  for (const name of REQUIRED)
    if (claims[name] === undefined && !profile.missing.includes(name))
      throw tokenRefused(`its ${name} is missing`, name)
  const key = await keys(header)
  if (!key) throw tokenRefused('the server has no key for it, or more than one')
  if (!(await isSignedBy(jwt, key))) throw tokenRefused('its signature is wrong')
  return claims
}

/** RFC 9068 §2.2, besides `aud`. */
const REQUIRED = ['iss', 'exp', 'iat', 'sub', 'client_id', 'jti']

const isType = (typ: unknown, profile: AccessTokenProfile, claims: Claims) =>
  typeof typ === 'string' &&
  (/^(application\/)?at\+jwt$/i.test(typ) || (profile.types.includes(typ) && profile.isOwn(claims)))
