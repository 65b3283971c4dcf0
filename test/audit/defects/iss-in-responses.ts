import type { Defect } from '../audited-server.js'
import { withCallback } from '../bend-answers.js'

export const defect: Defect = {
  // Only codes come with the issuer.
  bend: withCallback((url) => {
    if (url.searchParams.has('error')) url.searchParams.delete('iss')
  }),
}
