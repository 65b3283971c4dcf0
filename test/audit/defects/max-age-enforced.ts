import type { Defect } from '../audited-server.js'
import { withQuery } from '../bend.js'

export const defect: Defect = {
  // The time is reported, but not compared.
  bend: withQuery('/auth', (query) => {
    if (query.has('max_age')) query.set('max_age', '86400')
  }),
}
