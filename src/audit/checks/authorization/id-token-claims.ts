import { base64url } from '../../../crypto/base64url.js'
import { digest } from '../../../crypto/digest.js'
import { type AuditCheck, fail, notApplicable, pass } from '../../check.js'
import { oidc } from '../../sources.js'
import { asksForIdToken, NO_ID_TOKEN, readIdToken } from './id-token.js'

/** How far the clocks of two machines may be apart, in seconds. */
const SKEW_SECONDS = 300

export const idTokenClaims: AuditCheck = {
  id: 'id-token-claims',
  title: 'The ID token is made for this app, by this issuer, with this access token',
  severity: 'high',
  sources: [oidc('2'), oidc('3.1.3.6'), oidc('3.1.3.7')],
  sets: [],
  needs: { client: 'any', signIn: true },
  sends: 'An honest sign-in.',
  why: 'Apps decide by these members who a token is for and where it is from. Where they are wrong, a token for one app signs people in at another one.',
  repair:
    'Set iss to the issuer, aud to the client, exp and iat to times in seconds, and at_hash to half the hash of the access token.',
  async run(context) {
    if (!asksForIdToken(context)) return notApplicable(NO_ID_TOKEN)
    const tokens = await context.tokens()
    const { header, claims } = readIdToken(tokens['id_token'])
    const { clientId } = context.client()
    const issuer = `${context.metadata['issuer']}`
    const audiences = [claims['aud']].flat()
    const now = Date.now() / 1000
    const { alg } = header
    const hash = await accessTokenHash(`${tokens['access_token']}`, `${alg}`)
    const wrong = [
      // Some servers write a pattern into their metadata.
      ...(claims['iss'] !== issuer && !issuer.includes('{') ? [`iss is ${claims['iss']}`] : []),
      ...(audiences.includes(clientId) ? [] : [`aud is ${audiences.join(', ')}, without ${clientId}`]),
      ...(claims['azp'] !== undefined && claims['azp'] !== clientId ? [`azp is ${claims['azp']}`] : []),
      ...(typeof claims['sub'] === 'string' && claims['sub'] ? [] : ['sub is missing']),
      ...(typeof claims['exp'] === 'number' && claims['exp'] > now - SKEW_SECONDS ? [] : ['exp is missing or past']),
      ...(typeof claims['iat'] === 'number' && Math.abs(claims['iat'] - now) < SKEW_SECONDS
        ? []
        : ['iat is missing or not now']),
      ...(hash !== undefined && claims['at_hash'] !== undefined && claims['at_hash'] !== hash
        ? ['at_hash is of another access token']
        : []),
    ]
    return wrong.length ? fail(`${wrong.join('; ')}.`) : pass('All members are right.')
  },
}

/** OpenID Connect Core §3.1.3.6; undefined for algorithms whose hash is not plain from the name. */
async function accessTokenHash(accessToken: string, alg: string): Promise<string | undefined> {
  const bits = /^[A-Z]S(256|384|512)$/.exec(alg)?.[1]
  if (!bits) return undefined
  const bytes = await digest(`SHA-${bits}`, accessToken)
  return base64url(bytes.slice(0, bytes.length / 2))
}
