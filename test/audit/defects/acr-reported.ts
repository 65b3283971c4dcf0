import type { Defect } from '../audited-server.js'
import { withQuery } from '../bend.js'

export const defect: Defect = {
  bend: withQuery('/auth', (query) => query.delete('acr_values')),
}
