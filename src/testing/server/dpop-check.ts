import { sha256 } from '../../crypto/digest.js'
import { thumbprintInput } from '../../protocol/jose/jwk-thumbprint.js'
import { isSignedBy, type PublicJwk, parseJwt } from '../../protocol/jose/jws.js'

/**
 * Checks the DPoP proof of a request, each used once (RFC 9449 §4.3).
 * @returns the thumbprint of its key; undefined without a proof, false if it is not valid
 */
export function createDpopCheck() {
  const used = new Set<unknown>()
  return async (request: Request, accessToken?: string): Promise<string | false | undefined> => {
    const proof = request.headers.get('dpop')
    if (proof === null) return undefined
    const jwt = parseJwt(proof)
    const { typ, jwk } = Object(jwt?.header) as { typ?: unknown; jwk?: PublicJwk }
    const input = thumbprintInput(Object(jwk))
    if (!jwt || !jwk || input === undefined || typ !== 'dpop+jwt' || !(await isSignedBy(jwt, jwk))) return false
    const { jti, htm, htu, iat, ath } = jwt.claims
    const isFit =
      htm === request.method &&
      htu === request.url.replace(/[?#].*/, '') &&
      Math.abs(Date.now() / 1000 - Number(iat)) < 300 &&
      (accessToken === undefined || ath === (await sha256(accessToken))) &&
      !used.has(jti)
    used.add(jti)
    return isFit && sha256(input)
  }
}
