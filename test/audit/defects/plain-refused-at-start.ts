import type { Defect } from '../audited-server.js'
import { withQuery } from '../bend.js'

export const defect: Defect = {
  // The server takes what it does not know for S256.
  bend: withQuery('/auth', (query) => {
    if (query.has('code_challenge')) query.set('code_challenge_method', 'S256')
  }),
}
