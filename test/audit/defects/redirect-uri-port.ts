import type { Defect } from '../audited-server.js'
import { withRedirectUris } from '../bend-answers.js'

export const defect: Defect = {
  redirectUri: 'https://app.example/callback',
  // The port is not compared.
  bend: withRedirectUris(
    (uri, registered) =>
      new URL(uri).hostname === new URL(registered).hostname && new URL(uri).pathname === new URL(registered).pathname,
  ),
}
