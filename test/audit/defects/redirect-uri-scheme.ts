import type { Defect } from '../audited-server.js'
import { withRedirectUris } from '../bend-answers.js'

export const defect: Defect = {
  redirectUri: 'https://app.example/callback',
  // The scheme is not compared.
  bend: withRedirectUris((uri, registered) => uri.replace(/^[^:]+/, '') === registered.replace(/^[^:]+/, '')),
}
