import type { Defect } from '../audited-server.js'
import { parameters, withRecord } from '../bend.js'

export const defect: Defect = {
  client: 'confidential',
  // A wrong belief: who authenticates needs no verifier.
  bend: withRecord('AuthorizationCode', (code) => {
    if (!parameters()['code_verifier']) code.codeChallenge = undefined
  }),
}
