import { isSignedBy, keysFor, type PublicJwk, parseJwt } from '../../../protocol/jose/jws.js'
import { type AuditCheck, fail, inconclusive, notApplicable, pass } from '../../check.js'
import { oidc, rfc } from '../../sources.js'
import { publishedKeys } from '../metadata/jwks.js'
import { asksForIdToken, NO_ID_TOKEN, readIdToken } from './id-token.js'

/** The algorithms that are verified here. */
const VERIFIED = /^([RP]S|ES)(256|384|512)$|^EdDSA$|^Ed25519$/

export const idTokenSignature: AuditCheck = {
  id: 'id-token-signature',
  title: 'The ID token is signed with a published key',
  severity: 'high',
  sources: [oidc('2'), oidc('3.1.3.7'), rfc(8725, '3.1')],
  sets: [],
  needs: { client: 'any', signIn: true, metadata: ['jwks_uri'] },
  sends: 'An honest sign-in, and a request for the published keys.',
  why: 'By the signature, apps and the services behind them know that a token is the server’s. Where it does not fit, careful apps refuse every sign-in, and the others check nothing.',
  repair: 'Sign with a key whose public part is in the JWKS under the same kid, and never with none.',
  async run(context) {
    if (!asksForIdToken(context)) return notApplicable(NO_ID_TOKEN)
    const { id_token: token } = await context.tokens()
    const alg = `${readIdToken(token).header['alg']}`
    if (/^none$/i.test(alg)) return fail('It is not signed.')
    const jwt = parseJwt(`${token}`)
    if (!jwt || !VERIFIED.test(alg)) return inconclusive(`The signature, ${alg.slice(0, 60)}, cannot be verified here.`)
    const keys = keysFor(jwt.header, (await publishedKeys(context)) as readonly PublicJwk[])
    if (!keys.length) return fail(`No published key fits (${alg}, kid ${jwt.header.kid ?? 'none'}).`)
    for (const key of keys) if (await isSignedBy(jwt, key)) return pass(`The signature is right (${alg}).`)
    return fail(`The signature is wrong, or made with an RSA key of less than 2048 bits (${alg}).`)
  },
}
