import type { Defect } from '../audited-server.js'
import { withRedirectUris } from '../bend-answers.js'

export const defect: Defect = {
  redirectUri: 'https://app.example/callback',
  // The URI is parsed before it is compared.
  bend: withRedirectUris((uri, registered) => new URL(uri).href === new URL(registered).href),
}
