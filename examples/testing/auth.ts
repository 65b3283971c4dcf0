// In an app of yours: from 'proofkey'.
import { createSessionClient } from '../../src/index.js'

/** The client of the app, in the module from which the others import it. */
export const auth = createSessionClient({
  issuer: 'https://login.example.com',
  clientId: 'app',
  redirectUri: 'https://app.example.com/callback',
  scope: 'openid',
})
