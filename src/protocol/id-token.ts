import type { IDToken } from 'oauth4webapi'
import { base64url } from '../crypto/base64url.js'
import { digest } from '../crypto/digest.js'
import { ProofkeyError } from '../errors.js'
import { scopes } from './scope.js'
import type { Transaction } from './transaction.js'

/** How far the server's clock may be from ours. */
const CLOCK_SKEW_SECONDS = 300
/** How far one clock's two readings may be apart. */
const TOLERANCE_SECONDS = 10

/** Algorithms that prove something to a client that holds no secret: never `none`, never HMAC (OpenID Connect Core §3.1.3.7). */
export function acceptableAlgorithms(advertised: readonly string[] = ['RS256']): string[] {
  return advertised.filter((algorithm) => !/^(none$|HS)/i.test(algorithm))
}

/**
 * What OpenID Connect Core §3.1.3.7 and §3.1.3.8 ask for beyond `iss`, `aud`, `exp`, `nbf` and the algorithm, which
 * oauth4webapi has checked.
 * @throws `id_token_invalid`, `acr_not_met`
 */
export async function checkIdToken(
  claims: IDToken,
  idToken: string,
  accessToken: string,
  transaction: Transaction,
): Promise<void> {
  const { clientId, maxAgeSeconds, acrValues, startedAtMs } = transaction
  const nowSeconds = Date.now() / 1000
  const startedSeconds = startedAtMs / 1000

  if (claims.nonce !== transaction.nonce) throw invalidIdToken('nonce is not this sign-in’s')
  if ([claims.aud].flat().length > 1) throw invalidIdToken('aud names others too')
  if (![undefined, clientId].includes(claims.azp as string | undefined)) throw invalidIdToken('azp is another client')
  if (claims.iat < startedSeconds - CLOCK_SKEW_SECONDS || claims.iat > nowSeconds + CLOCK_SKEW_SECONDS) {
    throw invalidIdToken('iat is not from this sign-in')
  }
  if (maxAgeSeconds !== undefined) {
    // iat − now is how far the server's clock is from ours: auth_time is held against the start in the server's time.
    const oldest = startedSeconds + (claims.iat - nowSeconds) - maxAgeSeconds - TOLERANCE_SECONDS
    if (!((claims.auth_time as number) >= oldest)) throw invalidIdToken('auth_time is older than maxAgeSeconds allows')
  }
  if (claims['at_hash'] !== undefined && claims['at_hash'] !== (await halfHash(idToken, accessToken))) {
    throw invalidIdToken('at_hash does not fit the access token')
  }
  if (acrValues && !scopes(acrValues).includes(claims['acr'] as string)) {
    throw new ProofkeyError(
      'acr_not_met',
      'The sign-in was weaker than acrValues asks for.',
      'Have the person sign in again with a stronger method.',
    )
  }
}

export const invalidIdToken = (what: string, cause?: unknown): ProofkeyError =>
  new ProofkeyError(
    'id_token_invalid',
    `The ID token was refused: ${what}.`,
    'Check clocks, client id and algorithm; if they are right, treat it as an attack.',
    {
      cause,
    },
  )

/** The left half of the digest that the ID token's algorithm uses; Ed25519's is SHA-512. */
async function halfHash(idToken: string, accessToken: string): Promise<string> {
  const [header = ''] = idToken.split('.')
  const { alg } = JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/')))
  const hash = await digest(`SHA-${/\d{3}$/.exec(alg) ?? 512}`, accessToken)
  return base64url(hash.subarray(0, hash.length / 2))
}
