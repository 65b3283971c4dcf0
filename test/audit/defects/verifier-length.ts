import type { Defect } from '../audited-server.js'
import { parameters, s256, withRecord } from '../bend.js'

export const defect: Defect = {
  // The length is not looked at: any verifier that fits is taken for one of the right length.
  bend: withRecord('AuthorizationCode', (code) => {
    const verifier = parameters()['code_verifier']
    if (!verifier || s256(verifier) !== code.codeChallenge) return
    const stand = 'the-same-verifier-with-a-length-that-is-allowed'
    parameters()['code_verifier'] = stand
    code.codeChallenge = s256(stand)
  }),
}
