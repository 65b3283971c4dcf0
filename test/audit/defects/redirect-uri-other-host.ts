import type { Defect } from '../audited-server.js'
import { withRedirectUris } from '../bend-answers.js'

export const defect: Defect = {
  redirectUri: 'https://app.example/callback',
  // The beginning of the URI is compared, without a slash at the end.
  bend: withRedirectUris((uri, registered) => uri.startsWith(new URL(registered).origin)),
}
