import { ProofkeyError, redact, type Secrets, secretFinder } from '../../errors.js'
import { MAX_SHOWN_LENGTH } from '../../limits.js'
import type { ResponseExpectations } from '../authorize/transaction.js'
import { grantedScopes, scopes } from '../scope.js'
import type { TokenType } from './complete.js'
import { type TokenResponse, tokenResponseInvalid } from './token-response.js'

/**
 * With DPoP the access token must be bound to the key, without it must not be bound to one.
 * @throws `token_response_invalid`
 */
export function checkTokenType(sent: string, dpop: unknown): TokenType {
  const tokenType = dpop ? 'dpop' : 'bearer'
  if (sent !== tokenType) throw tokenResponseInvalid(`its token_type is not ${tokenType}`)
  return tokenType
}

/**
 * The granted scope, without what is too long to be one or repeats a secret.
 * @throws `scope_missing`
 */
export function checkScope(
  answer: TokenResponse,
  expected: Pick<ResponseExpectations, 'scope' | 'requiredScope'>,
  secrets: Secrets,
): string {
  const repeatsSecret = secretFinder(secrets)
  const values = grantedScopes(answer.scope, expected.scope)
  const granted = (values[0] ? values : scopes(expected.scope)).filter(
    (value) => value.length <= MAX_SHOWN_LENGTH && !repeatsSecret(value),
  )
  const missing = scopes(expected.requiredScope).filter((value) => !granted.includes(value))
  if (missing.length) {
    const hint = granted[0] ? 'Sign in with prompt=consent.' : 'Let the server send the granted scope.'
    throw new ProofkeyError('scope_missing', `The server did not grant: ${redact(missing.join(' '), secrets)}.`, hint)
  }
  return granted.join(' ')
}
