import '../../../examples/demo/quiet.js'
import { browserClient, startProvider } from '../../../examples/demo/provider.js'
import { clientIdOf, REDIRECT_URI, SECRET, type StartServer, USER } from '../../servers/running-server.js'
import { formOf } from '../../servers/visitor.js'

/** `oidc-provider` as the demo starts it, with a confidential client besides the public one. */
export const start: StartServer = async ({ redirectUri = REDIRECT_URI } = {}) => {
  const configuration = browserClient(clientIdOf('none'), [redirectUri])
  const [client] = configuration.clients ?? []
  const { issuer, close } = await startProvider({
    ...configuration,
    clients: [
      { ...client!, grant_types: ['authorization_code', 'refresh_token'] },
      {
        ...client!,
        client_id: clientIdOf('client_secret_basic'),
        client_secret: SECRET,
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
  })
  return {
    issuer,
    scope: 'openid offline_access',
    redirectUri,
    clients: {
      none: { clientId: clientIdOf('none') },
      client_secret_basic: { clientId: clientIdOf('client_secret_basic'), secret: SECRET },
    },
    async signIn(visitor, url) {
      let stop = await visitor.follow(url, redirectUri)
      for (let step = 0; step < 4 && stop.page !== undefined; step++) {
        const { action, fields } = formOf(stop)
        if (fields.has('login')) fields.set('login', USER.name)
        if (fields.has('password')) fields.set('password', USER.password)
        stop = await visitor.follow(action, redirectUri, { method: 'POST', body: fields })
      }
      return stop.url
    },
    close,
  }
}
