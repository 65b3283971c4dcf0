import fc from 'fast-check'
import { completeAuthorization } from '../../../src/protocol.js'
import { createSigner } from '../../helpers/signer.js'
import { mutatedJson } from '../json.js'
import { fuzzTarget } from '../target.js'
import { answering, CALLBACK, honestClaims, NONCE, transaction, VERIFIER } from '../token-endpoint.js'
import { must, verdict } from '../verdict.js'

const SUCCESS = {
  access_token: 'access',
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: 'refresh',
  scope: 'openid profile',
  id_token: createSigner('ES256').sign(honestClaims()),
}
const ERROR = { error: 'invalid_grant', error_description: 'The code is spent', error_uri: 'https://as.example/help' }
const ECHOES = [
  VERIFIER,
  encodeURIComponent(VERIFIER),
  `x ${VERIFIER} y`,
  Buffer.from(VERIFIER).toString('base64'),
  NONCE,
]
const known = [
  ...ECHOES,
  'bearer',
  'BEARER',
  'DPoP',
  'N_A',
  'openid',
  'openid  profile',
  'access',
  'invalid_grant',
].map((value) => JSON.stringify(value))

export const tokenResponses = fuzzTarget({
  name: 'token-responses',
  arbitrary: fc.record({
    text: fc.oneof(
      { weight: 3, arbitrary: mutatedJson(SUCCESS, { known, names: ['issued_token_type', 'error', 'expires'] }) },
      { weight: 1, arbitrary: mutatedJson(ERROR, { known, names: Object.keys(SUCCESS) }) },
    ),
    status: fc.oneof(
      { weight: 6, arbitrary: fc.constant(200) },
      fc.constantFrom(201, 400, 400, 401, 403, 429, 500, 503),
    ),
    type: fc.oneof(
      { weight: 12, arbitrary: fc.constant('application/json') },
      fc.constantFrom('text/html', '', 'application/json;x'),
    ),
    openid: fc.boolean(),
  }),
  async property({ text, status, type, openid }) {
    const idToken = openid ? transaction().idToken : { required: false }
    const result = await verdict(() =>
      completeAuthorization(transaction({ idToken }), CALLBACK, { fetch: answering(text, { status, type }) }),
    )
    if ('code' in result) {
      must(!result.text.includes(VERIFIER), 'tells the verifier', result)
      return
    }
    const { tokens, claims } = result.given
    must(status < 300, 'a grant of an error', status)
    must(typeof tokens.accessToken === 'string' && tokens.accessToken !== '', 'accessToken', tokens)
    must(tokens.tokenType === 'bearer' && /^bearer$/i.test(JSON.parse(text).token_type), 'tokenType', tokens)
    must(tokens.expiresAtMs === undefined || Number.isFinite(tokens.expiresAtMs), 'expiresAtMs', tokens)
    must(typeof tokens.scope === 'string', 'scope', tokens)
    for (const token of [tokens.refreshToken, tokens.idToken])
      must(token === undefined || (typeof token === 'string' && token !== ''), 'a token', tokens)
    must(claims === undefined || typeof claims.sub === 'string', 'claims', claims)
    must(!openid || (claims && tokens.idToken), 'no ID token', tokens)
    must((Object.getPrototypeOf({}) as object) === Object.prototype && !('access_token' in {}), 'prototypes')
  },
})
