import type { Defect } from '../audited-server.js'
import { parameters, s256, withRecord } from '../bend.js'

export const defect: Defect = {
  configure: (configuration) => {
    configuration.pkce = { required: () => false }
  },
  // A verifier is only compared where there is a challenge.
  bend: withRecord('AuthorizationCode', (code) => {
    const verifier = parameters()['code_verifier']
    if (!code.codeChallenge && verifier)
      Object.assign(code, { codeChallenge: s256(verifier), codeChallengeMethod: 'S256' })
  }),
}
