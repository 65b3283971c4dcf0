import { type CheckedClaim, ProofkeyError } from '../../errors.js'

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

export type Claims = Readonly<Record<string, unknown>>

export const isTime = (value: unknown): value is number => Number.isFinite(value)
export const isName = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isOptional = (value: unknown, check: (value: unknown) => boolean) => value === undefined || check(value)

/** The checks that a JWT and an introspection response share. */
export function tokenChecks(claims: Claims, policy: TokenPolicy): Partial<Record<CheckedClaim, boolean>> {
  const { issuer, audiences, clientIds, clockToleranceSeconds } = policy
  const { iss, aud, exp, nbf, iat, sub, client_id, scope, auth_time, acr, cnf } = claims
  const nowSeconds = Date.now() / 1000
  const latest = nowSeconds + clockToleranceSeconds
  return {
    iss: isOptional(iss, (value) => value === issuer),
    aud: [aud].flat().some((one) => audiences.includes(one as string)),
    exp: isOptional(exp, (value) => isTime(value) && value > nowSeconds - clockToleranceSeconds),
    nbf: isOptional(nbf, (value) => isTime(value) && value <= latest),
    iat: isOptional(iat, (value) => isTime(value) && value <= latest),
    sub: isOptional(sub, isName),
    client_id: isOptional(client_id, isName) && (!clientIds || clientIds.includes(client_id as string)),
    scope: isOptional(scope, (value) => typeof value === 'string'),
    auth_time: isOptional(auth_time, isTime),
    acr: isOptional(acr, isName),
    // Of a token that is bound to something unknown, nobody can tell who may use it (RFC 7800 §3).
    cnf: isOptional(cnf, isConfirmation),
  }
}

/** Bound to a key (RFC 9449 §6) or to a certificate (RFC 8705 §3), and to nothing else. */
function isConfirmation(cnf: unknown): boolean {
  const [[method, value] = ['', ''], another] = Object.entries(Object(cnf))
  return /^(jkt|x5t#S256)$/.test(method) && isName(value) && !another
}

/** @throws `token_refused`, if one of them failed */
export function requireChecks(checks: Readonly<Record<string, boolean | undefined>>, claims: Claims): void {
  const failed = Object.entries(checks).find(([, passed]) => !passed)?.[0]
  if (failed) throw tokenRefused(`its ${failed} is ${claims[failed] === undefined ? 'missing' : 'wrong'}`, failed)
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
