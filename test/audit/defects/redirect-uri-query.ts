import type { Defect } from '../audited-server.js'
import { withRedirectUris } from '../bend-answers.js'

export const defect: Defect = {
  // The query is not compared.
  bend: withRedirectUris((uri, registered) => uri.split('?')[0] === registered),
}
