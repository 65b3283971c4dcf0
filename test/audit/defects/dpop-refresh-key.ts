import type { Defect } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  bend: withRecord('RefreshToken', (token) => {
    token.jkt = undefined
  }),
}
