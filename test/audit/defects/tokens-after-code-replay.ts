import { type Defect, errors } from '../audited-server.js'
import { withRecord } from '../bend.js'

export const defect: Defect = {
  // It refuses, and that is all.
  bend: withRecord('AuthorizationCode', (code) => {
    if (code.consumed) throw new errors.InvalidGrant('already used')
  }),
}
