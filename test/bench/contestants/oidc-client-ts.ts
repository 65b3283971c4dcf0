import { UserManager } from 'oidc-client-ts'
import type { Create } from './contract.js'

/** As its documentation has it: a `UserManager` with its own defaults. */
export const create: Create = ({ issuer, clientId, redirectUri, scope }) => {
  const manager = new UserManager({ authority: issuer, client_id: clientId, redirect_uri: redirectUri, scope })
  return {
    preload: () => manager.metadataService.getMetadata(),
    signIn: () => manager.signinRedirect(),
    async handleCallback() {
      const callback = location.href
      // The documentation leaves this to the app, after the fact; before is safer and costs the same.
      history.replaceState(history.state, '', location.pathname)
      const user = await manager.signinRedirectCallback(callback)
      return { accessToken: user.access_token, subject: user.profile.sub }
    },
  }
}
