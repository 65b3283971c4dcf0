import type { Defect } from '../audited-server.js'
import { withQuery } from '../bend-answers.js'

export const defect: Defect = {
  bend: withQuery('/auth', (query) => query.delete('prompt')),
}
