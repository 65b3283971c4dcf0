import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { checkIdTokenSignature, completeAuthorization } from '../../../src/protocol.js'
import { mutatedJson } from '../json.js'
import { hostileJwt, type ReadJwt, readJwt, signer } from '../jwt.js'
import { fuzzTarget } from '../target.js'
import { answering, CALLBACK, CLIENT_ID, honestClaims, ISSUER, NONCE, transaction } from '../token-endpoint.js'
import { must, verdict } from '../verdict.js'

const ACCESS_TOKEN = 'access'
const AT_HASH = createHash('sha256').update(ACCESS_TOKEN).digest().subarray(0, 16).toString('base64url')
/** The tolerance for differences between the times of one token. */
const SKEW_SECONDS = 300

/** Times relative to now, far enough from every edge that the run's own duration does not matter. */
const TIMES = [-1e9, -90_000, 0, 90_000, 1e9].map((seconds) => `${Math.floor(Date.now() / 1000) + seconds}`)
const claims = mutatedJson(
  { ...honestClaims(), at_hash: AT_HASH },
  {
    known: [
      ...TIMES,
      `"${CLIENT_ID}"`,
      `["${CLIENT_ID}"]`,
      `["${CLIENT_ID}","other"]`,
      `"${ISSUER}/"`,
      `"${ISSUER}"`,
      '"gold"',
    ],
    nearly: [
      ['aud', `["${CLIENT_ID}","other"]`],
      ['aud', `["other","${CLIENT_ID}"]`],
      ['azp', `"${CLIENT_ID}"`],
      ['azp', '"other"'],
      ['acr', '"gold silver"'],
      ['sub', '""'],
      ['iat', '1'],
      ['at_hash', 'null'],
    ],
    names: ['azp', 'nbf', 'at_hash', 'amr', 'sid', 'events'],
  },
)

/** OpenID Connect Core §3.1.3.7, written anew: what no accepted token may break. `undefined` where it is honest. */
function fault({ header, claims }: ReadJwt): string | undefined {
  const time = (value: unknown) => (typeof value === 'number' ? value : Number.NaN)
  const { iss, aud, azp, sub, exp, iat, nbf, nonce, at_hash, acr } = claims
  const checks: Record<string, boolean> = {
    alg: header['alg'] === 'ES256',
    crit: !('crit' in header),
    iss: iss === ISSUER,
    aud: aud === CLIENT_ID || (Array.isArray(aud) && aud.length === 1 && aud[0] === CLIENT_ID),
    azp: azp === undefined || azp === CLIENT_ID,
    sub: typeof sub === 'string' && sub !== '',
    // The nonce proves that the token is new, so its iat is the server's time.
    exp: time(exp) > time(iat) - SKEW_SECONDS,
    iat: Number.isFinite(time(iat)),
    nbf: nbf === undefined || time(nbf) <= time(iat) + SKEW_SECONDS + 1,
    nonce: nonce === NONCE,
    at_hash: at_hash === undefined || at_hash === AT_HASH,
    acr: acr === 'gold',
  }
  return Object.keys(checks).find((name) => !checks[name])
}

export const idTokens = fuzzTarget({
  name: 'id-tokens',
  arbitrary: fc.record({ token: hostileJwt(claims), verified: fc.boolean() }),
  async property({ token, verified }) {
    const body = { access_token: ACCESS_TOKEN, token_type: 'Bearer', id_token: token }
    const policy = { ...transaction().idToken, acrValues: 'gold silver' }
    const result = await verdict(() =>
      completeAuthorization(transaction({ idToken: policy }), CALLBACK, {
        fetch: answering(JSON.stringify(body), { jwk: signer.jwk }),
        signature: verified ? checkIdTokenSignature : undefined,
      }),
    )
    if ('code' in result) return
    const read = readJwt(token)
    must(read, 'accepted what is no JWT')
    must(!fault(read), 'accepted in spite of', fault(read), read)
    if (verified) must(read.signed, 'accepted without its signature', read)
    must(result.given.claims?.sub === read.claims['sub'], 'tells of somebody else', result.given.claims)
  },
})
