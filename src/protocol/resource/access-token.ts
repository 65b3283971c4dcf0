import { partOf } from '../jose/id-token.js'
import type { Jwt } from '../jose/jws.js'
import { isSignedBy, parseJwt } from '../jose/jws.js'
import type { KeySource } from '../jose/key-source.js'
import { type AccessTokenProfile, STANDARD } from './access-token-profile.js'
import {
  type Claims,
  isName,
  isTime,
  requireChecks,
  type TokenPolicy,
  tokenChecks,
  tokenRefused,
} from './token-checks.js'

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
  if (!jwt && token.split('.').length === 3 && Object.keys(partOf(token, 0)).length)
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
  const { typ } = header
  const required = (name: string, passed: boolean) => passed || profile.missing.includes(name)
  requireChecks(
    {
      typ:
        isName(typ) &&
        (/^(application\/)?at\+jwt$/i.test(typ) || (profile.types.includes(typ) && profile.isOwn(claims))),
      alg: algorithms.includes(header.alg),
      ...tokenChecks(claims, policy),
    },
    { ...claims, typ, alg: header.alg },
  )
  requireChecks(
    {
      iss: isName(claims['iss']),
      exp: isTime(claims['exp']),
      iat: isTime(claims['iat']),
      sub: required('sub', isName(claims['sub'])),
      client_id: required('client_id', isName(claims['client_id'])),
      jti: required('jti', isName(claims['jti'])),
    },
    claims,
  )
  const key = await keys(header)
  if (!key) throw tokenRefused('the server has no key for it, or more than one')
  if (!(await isSignedBy(jwt, key))) throw tokenRefused('its signature is wrong')
  return claims
}
