import { createHash } from 'node:crypto'
import Provider from 'oidc-provider'
import type { Defect } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  // Any verifier fits the challenge that is made from it.
  bend: withRecord('AuthorizationCode', (code) => {
    const verifier = Provider.ctx?.oidc.params?.['code_verifier']
    if (verifier) code.codeChallenge = createHash('sha256').update(`${verifier}`).digest('base64url')
  }),
}
