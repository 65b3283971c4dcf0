import type { Defect } from '../audited-server.js'
import { withRedirectUris } from '../bend-answers.js'

export const defect: Defect = {
  redirectUri: 'https://app.example/callback',
  // Sub-domains are taken for the host itself.
  bend: withRedirectUris((uri, registered) => new URL(uri).hostname.endsWith(`.${new URL(registered).hostname}`)),
}
