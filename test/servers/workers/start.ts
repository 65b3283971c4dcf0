import { createHash } from 'node:crypto'
import { startWorkerd } from '../../helpers/workerd.js'
import { clientIdOf, REDIRECT_URI, SECRET, type StartServer, USER } from '../running-server.js'
import { formOf } from '../visitor.js'

const METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const

/** `@cloudflare/workers-oauth-provider` in Cloudflare's runtime. */
export const start: StartServer = async ({ redirectUri = REDIRECT_URI } = {}) => {
  const clients = METHODS.map((tokenEndpointAuthMethod) => ({
    clientId: clientIdOf(tokenEndpointAuthMethod),
    ...(tokenEndpointAuthMethod !== 'none' && { clientSecret: createHash('sha256').update(SECRET).digest('hex') }),
    redirectUris: [redirectUri],
    tokenEndpointAuthMethod,
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
  }))
  const { port, close } = await startWorkerd(new URL('./worker.ts', import.meta.url), { clients, user: USER.name })
  const registered = ({ clientId, clientSecret }: { clientId: string; clientSecret?: string }) => ({
    clientId,
    ...(clientSecret && { secret: SECRET }),
  })
  return {
    issuer: `http://127.0.0.1:${port}`,
    scope: 'orders',
    redirectUri,
    clients: Object.fromEntries(clients.map((client) => [client.tokenEndpointAuthMethod, registered(client)])),
    async signIn(visitor, url) {
      const { action, fields } = formOf(await visitor.follow(url, redirectUri))
      fields.set('name', USER.name)
      return (await visitor.follow(action, redirectUri, { method: 'POST', body: fields })).url
    },
    close,
  }
}
