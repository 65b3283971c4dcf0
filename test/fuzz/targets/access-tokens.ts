import { createResourceServer } from '../../../src/resource-server.js'
import { API_URL, bearer, ISSUER } from '../../helpers/api-tokens.js'
import { mutatedJson } from '../json.js'
import { HEADER, hostileJwt, type ReadJwt, readJwt, signer } from '../jwt.js'
import { fuzzTarget } from '../target.js'
import { must, verdict } from '../verdict.js'

const metadata = { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }
const fetch = async () => Response.json({ keys: [signer.jwk] })
const api = createResourceServer({ issuer: ISSUER, audience: API_URL, metadata, fetch })

const SLACK_SECONDS = 3600
const now = Math.floor(Date.now() / 1000)
const TIMES = [-1e9, -90_000, 0, 90_000, 1e9].map((seconds) => `${now + seconds}`)
const honest = {
  iss: ISSUER,
  aud: API_URL,
  iat: now,
  exp: now + 90_000,
  jti: 'j',
  sub: 'ada',
  client_id: 'web',
  scope: 'a b',
}
const claims = mutatedJson(honest, {
  known: [...TIMES, `"${API_URL}"`, `["${API_URL}"]`, `["x","${API_URL}"]`, `"${ISSUER}/"`, '"ada"', '{"jkt":"x"}'],
  nearly: [
    ['aud', `[["${API_URL}"]]`],
    ['aud', `"${API_URL}/"`],
    ['cnf', '{"jkt":"x"}'],
    ['cnf', 'null'],
    ['cnf', '{}'],
    ['sub', '""'],
    ['scope', '["a"]'],
    ['exp', `"${now + 90_000}"`],
  ],
  names: ['nbf', 'cnf', 'auth_time', 'acr', 'aud', 'exp'],
})

/** RFC 9068 §4, written anew: what no accepted token may break. */
function fault({ header, claims, signed }: ReadJwt): string | undefined {
  const name = (value: unknown) => typeof value === 'string' && value !== ''
  const time = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
  const { iss, aud, iat, exp, nbf, jti, sub, client_id, scope, cnf } = claims
  const checks: Record<string, boolean> = {
    signature: signed,
    alg: header['alg'] === 'ES256',
    crit: !('crit' in header),
    typ: /^(application\/)?at\+jwt$/i.test(`${header['typ']}`) && name(header['typ']),
    iss: iss === ISSUER,
    aud: aud === API_URL || (Array.isArray(aud) && aud.includes(API_URL)),
    iat: time(iat) && Number(iat) < Date.now() / 1000 + SLACK_SECONDS,
    exp: time(exp) && Number(exp) > now - SLACK_SECONDS,
    nbf: nbf === undefined || (time(nbf) && Number(nbf) < Date.now() / 1000 + SLACK_SECONDS),
    jti: name(jti),
    sub: name(sub),
    client_id: name(client_id),
    scope: scope === undefined || typeof scope === 'string',
    // Neither keys nor certificates are configured.
    cnf: cnf === undefined,
  }
  return Object.keys(checks).find((name) => !checks[name])
}

export const accessTokens = fuzzTarget({
  name: 'access-tokens',
  arbitrary: hostileJwt(claims, { ...HEADER, typ: 'at+jwt' }),
  async property(token) {
    let request: Request
    try {
      request = bearer(token)
    } catch {
      // No header can hold it.
      return
    }
    const result = await verdict(() => api.authorize(request))
    if ('code' in result) {
      must(/^(token_missing|token_refused|request_malformed)$/.test(result.code), 'another error', result)
      return
    }
    const read = readJwt(token.trim())
    must(read, 'accepted what is no JWT')
    must(!fault(read), 'accepted in spite of', fault(read), read)
    must(result.given.subject === read.claims['sub'], 'tells otherwise')
  },
})
