import { randomBytes } from 'node:crypto'
import { getRequestListener } from '@hono/node-server'
import { startApi } from '../lib/api.js'
import { bundlePage } from '../lib/bundle.js'
import { serve, startExample } from '../lib/example.js'
import { createApp } from './app.js'

const clientId = 'backend-for-frontend'
const random = () => randomBytes(32).toString('base64')

/** The app with its provider, which gives refresh tokens of one use, and an API that asks the provider about tokens. */
export async function startBackendForFrontend(port?: number) {
  const [clientSecret, sealingSecret] = [random(), random()]
  const credentials = { id: 'visits-api', secret: randomBytes(32).toString('base64url') }
  const client = {
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['authorization_code', 'refresh_token'],
    backchannel_logout_uri: '/auth/back-channel-logout',
  }
  const api = { client_id: credentials.id, client_secret: credentials.secret, redirect_uris: [] }
  return startExample(
    client,
    async ({ issuer, url }) => {
      const { url: origin, close } = await startApi({ issuer, clientId, origin: url, credentials })
      const files = await bundlePage(import.meta.url)
      const app = createApp({ issuer, url, api: origin, clientSecret, sealingSecret, ...files })
      return { listener: getRequestListener(app.fetch), close: async () => void (await close()) }
    },
    port,
    {
      clients: [{ ...api, response_types: [], grant_types: [] }],
      issueRefreshToken: () => true,
      rotateRefreshToken: true,
      features: {
        backchannelLogout: { enabled: true },
        introspection: { enabled: true },
        revocation: { enabled: true },
      },
    },
  )
}

await serve(import.meta.url, 'proofkey as a backend for frontend', startBackendForFrontend)
