import type { Defect } from '../audited-server.js'
import { withQuery } from '../bend.js'

export const defect: Defect = {
  // Of two values, the last one counts.
  bend: withQuery('/auth', (query) => {
    for (const [name, value] of [...query]) query.set(name, value)
  }),
}
