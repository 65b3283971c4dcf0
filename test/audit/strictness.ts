import type Provider from 'oidc-provider'
import { type Configuration, errors } from 'oidc-provider'
import { parameters, withRecord } from './bend.js'

/** What the good server does beyond `oidc-provider`, by name, so that a defect can leave it out. */
export const strictness = {
  /** Refuses verifiers that repeat one character. */
  guessableVerifier: withRecord('AuthorizationCode', () => {
    if (/^(.)\1+$/.test(parameters()['code_verifier'] ?? '')) throw new errors.InvalidGrant('guessable verifier')
  }),
  /** Takes the secret only in the registered way; `oidc-provider` takes it in the body and in the header. */
  authMethod: (provider) => {
    const { compareClientSecret } = provider.Client.prototype
    provider.Client.prototype.compareClientSecret = async function (actual) {
      const inBody = parameters()['client_secret'] !== undefined
      if (inBody !== (this.clientAuthMethod === 'client_secret_post')) return false
      return compareClientSecret.call(this, actual)
    }
  },
} satisfies Record<string, (provider: Provider) => void>

export type Strictness = keyof typeof strictness

/** What the FAPI 2.0 Security Profile and RFC 7523 want of an assertion beyond what `oidc-provider` checks by itself. */
export const checkAssertion: Configuration['assertJwtClientAuthClaimsAndHeader'] = (ctx, { aud, exp }) => {
  if (aud !== ctx.oidc.issuer) throw new errors.InvalidClientAuth('aud must be the issuer')
  if (Number(exp) > Date.now() / 1000 + 600) throw new errors.InvalidClientAuth('exp is too far away')
}
