import Keycloak from 'keycloak-js'
import type { Create } from './contract.js'

/**
 * `oidcProvider` is its supported way to a server that is not Keycloak. The login iframe is Keycloak's own page, so it is
 * off. What else it needs is in `provider.ts`: access tokens it can decode, and CORS with credentials.
 */
export const create: Create = ({ issuer, clientId, redirectUri, scope }) => {
  const keycloak = new Keycloak({ clientId, oidcProvider: issuer })
  let ready: Promise<boolean> | undefined
  const init = () => {
    ready ??= keycloak.init({ redirectUri, scope, responseMode: 'query', checkLoginIframe: false })
    return ready
  }
  return {
    preload: init,
    async signIn() {
      await init()
      await keycloak.login()
    },
    async handleCallback() {
      await init()
      return { accessToken: keycloak.token, subject: keycloak.idTokenParsed?.sub }
    },
  }
}
