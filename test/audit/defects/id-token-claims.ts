import type { Defect } from '../audited-server.js'
import { withIdTokens } from '../bend-answers.js'

export const defect: Defect = {
  bend: withIdTokens((claims) => {
    claims.aud = 'another-client'
  }),
}
