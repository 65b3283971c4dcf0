import type { Defect } from '../audited-server.js'
import { withIdTokens } from '../bend-answers.js'

export const defect: Defect = {
  // The name is changed after the token was signed.
  bend: withIdTokens((claims) => {
    claims.sub = 'grace'
  }),
}
