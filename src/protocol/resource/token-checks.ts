import { type CheckedClaim, ProofkeyError } from '../../errors.js'
import { timeProblem } from '../clock.js'
import { isName, isTime } from '../json.js'

/** What an access token must fulfil, whoever vouches for it. */
export interface TokenPolicy {
  readonly issuer: string
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[]
  /** The clients whose tokens are accepted; undefined: all. */
  readonly clientIds?: readonly string[] | undefined
  /** Tolerance for the clock of the authorization server. */
  readonly clockToleranceSeconds: number
}

/** The claims of a token, unchecked. */
export type Claims = Readonly<Record<string, unknown>>

/** The checks that a JWT and an introspection response share: of a claim that is present, its type and value. */
export function tokenChecks(claims: Claims, policy: TokenPolicy): Partial<Record<CheckedClaim, boolean>> {
  const { issuer, audiences, clientIds, clockToleranceSeconds } = policy
  const { iss, aud, exp, nbf, iat, sub, client_id, jti, scope, auth_time, acr, cnf } = claims
  const nowSeconds = Date.now() / 1000
  const latest = nowSeconds + clockToleranceSeconds
  return {
    iss: iss === undefined || iss === issuer,
    aud: Array.isArray(aud) ? aud.some((one) => audiences.includes(one)) : audiences.includes(aud as string),
    exp: exp === undefined || (isTime(exp) && exp > nowSeconds - clockToleranceSeconds),
    nbf: nbf === undefined || (isTime(nbf) && nbf <= latest),
    iat: iat === undefined || (isTime(iat) && iat <= latest),
    sub: sub === undefined || isName(sub),
    client_id:
      (client_id === undefined || isName(client_id)) && (!clientIds || clientIds.includes(client_id as string)),
    jti: jti === undefined || isName(jti),
    scope: scope === undefined || typeof scope === 'string',
    auth_time: auth_time === undefined || isTime(auth_time),
    acr: acr === undefined || isName(acr),
    // Of a token that is bound to something unknown, nobody can tell who may use it (RFC 7800 §3).
    cnf: cnf === undefined || isConfirmation(cnf),
  }
}

/** Bound to a key (RFC 9449 §6) or to a certificate (RFC 8705 §3), and to nothing else. */
function isConfirmation(cnf: unknown): boolean {
  const [[method, value] = ['', ''], another] = Object.entries(Object(cnf))
  return /^(jkt|x5t#S256)$/.test(method) && isName(value) && !another
}

/** @throws `token_refused`, if one of them failed */
export function requireChecks(checks: Readonly<Record<string, boolean | undefined>>, claims: Claims): void {
  for (const name in checks) if (!checks[name]) throw tokenRefused(timeProblem(name, claims[name]), name)
}

export const tokenRefused = (what: string, check?: string): ProofkeyError =>
  new ProofkeyError('token_refused', `The access token was refused: ${what}.`, hintFor(check), {
    claim: check && !/^(typ|alg)$/.test(check) ? (check as CheckedClaim) : undefined,
  })

const hintFor = (check = '') =>
  /^(exp|nbf|iat)$/.test(check)
    ? 'Check the clocks; an expired token has to be refreshed.'
    : check === 'aud'
      ? 'Let the client request a token for this API (RFC 8707, resource).'
      : check === 'typ'
        ? 'Check that it is an access token. For servers that sign them as another type see accessTokensWithoutStandardType.'
        : 'Check which server and client it is of; it may be an attack.'
