import type { Defect } from '../audited-server.js'
import { parameters, s256, withRecord } from '../bend.js'

export const defect: Defect = {
  // Any verifier fits the challenge that is made from it.
  bend: withRecord('AuthorizationCode', (code) => {
    const verifier = parameters()['code_verifier']
    if (verifier) code.codeChallenge = s256(verifier)
  }),
}
