import type { Defect } from '../audited-server.js'
import { withRedirectUris } from '../bend-answers.js'

export const defect: Defect = {
  // The beginning of the URI is compared.
  bend: withRedirectUris((uri, registered) => uri.startsWith(registered)),
}
