import { validateLogoutToken } from '../../../src/protocol.js'
import { createLogoutServer, LOGOUT_EVENT } from '../../helpers/logout-server.js'
import { mutatedJson } from '../json.js'
import { HEADER, hostileJwt, type ReadJwt, readJwt, signer } from '../jwt.js'
import { fuzzTarget } from '../target.js'
import { must, verdict } from '../verdict.js'

const server = createLogoutServer({ id_token_signing_alg_values_supported: ['ES256'] })
server.keys = [signer.jwk]
const keys = async ({ alg, kid }: { alg: string; kid?: string | undefined }) =>
  alg === 'ES256' && (kid === undefined || kid === 'k') ? signer.jwk : undefined

const SLACK_SECONDS = 3600
const TIMES = [-1e9, -90_000, 0, 90_000, 1e9].map((seconds) => `${Math.floor(Date.now() / 1000) + seconds}`)
const event = `{"${LOGOUT_EVENT}":{}}`
const claims = mutatedJson(server.claims(), {
  known: [
    ...TIMES,
    '"web"',
    '["web"]',
    '["web","other"]',
    event,
    `{"${LOGOUT_EVENT}":[]}`,
    `["${LOGOUT_EVENT}"]`,
    '"ada"',
  ],
  nearly: [
    ['aud', '["web","other"]'],
    ['aud', '[["web"]]'],
    ['nonce', 'null'],
    ['events', `{"${LOGOUT_EVENT}":true}`],
    ['sub', '""'],
    ['sid', 'null'],
  ],
  names: ['nonce', 'nbf', 'azp', 'sid', 'sub'],
})

/** Back-Channel Logout §2.6, written anew: what no accepted token may break. */
function fault({ header, claims, signed }: ReadJwt): string | undefined {
  const now = Date.now() / 1000
  const near = (value: unknown) => typeof value === 'number' && Math.abs(value - now) < 420 + SLACK_SECONDS
  const name = (value: unknown) => typeof value === 'string' && value !== ''
  const { iss, aud, iat, exp, nbf, jti, sub, sid, events } = claims
  const event = Object(events)[LOGOUT_EVENT]
  const checks: Record<string, boolean> = {
    signature: signed,
    alg: header['alg'] === 'ES256',
    crit: !('crit' in header),
    typ: header['typ'] === undefined || /^(application\/)?logout\+jwt$/i.test(`${header['typ']}`),
    iss: iss === server.issuer,
    aud: [aud].flat().length === 1 && [aud].flat()[0] === 'web',
    iat: near(iat),
    exp: near(exp),
    nbf: nbf === undefined || (typeof nbf === 'number' && nbf < now + 300 + SLACK_SECONDS),
    jti: name(jti),
    'sub or sid': (name(sub) || sub === undefined) && (name(sid) || sid === undefined) && (name(sub) || name(sid)),
    events: typeof event === 'object' && event !== null && !Array.isArray(event),
    nonce: !Object.hasOwn(claims, 'nonce'),
  }
  return Object.keys(checks).find((name) => !checks[name])
}

export const logoutTokens = fuzzTarget({
  name: 'logout-tokens',
  arbitrary: hostileJwt(claims, { ...HEADER, typ: 'logout+jwt' }),
  async property(token) {
    const result = await verdict(() => validateLogoutToken(server.metadata, 'web', token, { keys }))
    const read = readJwt(token)
    if ('code' in result) {
      must(result.code === 'logout_token_invalid', 'another error', result)
      return
    }
    must(read, 'accepted what is no JWT')
    must(!fault(read), 'accepted in spite of', fault(read), read)
    const { subject, sessionId, jti } = result.given
    must(
      subject === read.claims['sub'] && sessionId === read.claims['sid'] && jti === read.claims['jti'],
      'tells otherwise',
    )
  },
})
