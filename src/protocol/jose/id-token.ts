import type { IDToken } from 'oauth4webapi'
import { base64url } from '../../crypto/base64url.js'
import { digest } from '../../crypto/digest.js'
import { ProofkeyError } from '../../errors.js'
import type { ResponseExpectations } from '../authorize/transaction.js'
import { scopes } from '../scope.js'

/** How far the server's clock may be from what we take it for. */
export const CLOCK_SKEW_SECONDS = 300
/** How far one clock's two readings may be apart. */
const TOLERANCE_SECONDS = 10

/**
 * What OpenID Connect Core §3.1.3.7 and §3.1.3.8 ask for beyond `iss`, `aud`, `exp`, `nbf` and the algorithm, which
 * oauth4webapi has checked.
 * @param aheadSeconds how far the server's clock is ahead of ours
 * @throws `id_token_invalid`, `acr_not_met`
 */
export async function checkIdToken(
  claims: IDToken,
  idToken: string,
  accessToken: string,
  asked: ResponseExpectations,
  aheadSeconds: number,
): Promise<void> {
  const { clientId, nonce, maxAgeSeconds, acrValues } = asked
  const { aud, azp = clientId, iat, auth_time, acr, at_hash } = claims
  const nowSeconds = Date.now() / 1000
  const startedSeconds = asked.startedAtMs / 1000
  const issuedSeconds = iat - aheadSeconds
  // iat − now is how far the server's clock is from ours: auth_time is held against the start in the server's time.
  const oldestAuthTime = startedSeconds + (iat - nowSeconds) - (maxAgeSeconds ?? 0) - TOLERANCE_SECONDS
  const right = {
    nonce: claims.nonce === nonce,
    aud: [aud].flat().length === 1,
    azp: azp === clientId,
    iat: issuedSeconds > startedSeconds - CLOCK_SKEW_SECONDS && issuedSeconds < nowSeconds + CLOCK_SKEW_SECONDS,
    auth_time: maxAgeSeconds === undefined || Number(auth_time) >= oldestAuthTime,
    at_hash: at_hash === undefined || at_hash === (await halfHash(idToken, accessToken)),
  }
  const wrong = Object.entries(right).find(([, value]) => !value)
  if (wrong) throw invalidIdToken(`its ${wrong[0]} is wrong`)
  if (acrValues && !scopes(acrValues).includes(acr as string)) {
    throw new ProofkeyError('acr_not_met', 'The sign-in is weaker than acrValues asks.')
  }
}

export const invalidIdToken = (what: string): ProofkeyError =>
  new ProofkeyError('id_token_invalid', `The ID token was refused: ${what}.`, 'Check the clock; maybe an attack.')

/** The left half of the digest that the ID token's algorithm uses; that of Ed25519 and EdDSA is SHA-512. */
async function halfHash(idToken: string, accessToken: string): Promise<string> {
  const [header = ''] = idToken.split('.')
  const { alg } = JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/')))
  const hash = await digest(`SHA-${/(256|384)$/.exec(alg)?.[0] ?? 512}`, accessToken)
  return base64url(hash.subarray(0, hash.length / 2))
}
