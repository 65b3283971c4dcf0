import type { Defect } from '../audited-server.js'
import { parameters, withRecord } from '../bend.js'

export const defect: Defect = {
  // A verifier is only compared where there is one.
  bend: withRecord('AuthorizationCode', (code) => {
    if (!parameters()['code_verifier']) code.codeChallenge = undefined
  }),
}
