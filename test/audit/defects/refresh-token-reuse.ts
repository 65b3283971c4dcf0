import { type Defect, errors } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  // It refuses the old one, and that is all.
  bend: withRecord('RefreshToken', (token) => {
    if (token.consumed) throw new errors.InvalidGrant('already used')
  }),
}
