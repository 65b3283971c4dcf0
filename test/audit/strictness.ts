import type Provider from 'oidc-provider'
import { errors } from 'oidc-provider'
import { parameters, withRecord } from './bend.js'

/** What the good server does beyond `oidc-provider`, by name, so that a defect can leave it out. */
export const strictness = {
  /** Refuses verifiers that repeat one character. */
  guessableVerifier: withRecord('AuthorizationCode', () => {
    if (/^(.)\1+$/.test(parameters()['code_verifier'] ?? '')) throw new errors.InvalidGrant('guessable verifier')
  }),
} satisfies Record<string, (provider: Provider) => void>

export type Strictness = keyof typeof strictness
