import type { Defect } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  bend: withRecord('PushedAuthorizationRequest', (request) => {
    request.consumed = undefined
  }),
}
