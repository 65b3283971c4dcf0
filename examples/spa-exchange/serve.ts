import { randomBytes } from 'node:crypto'
import { bundlePage } from '../lib/bundle.js'
import { serve, startExample } from '../lib/example.js'
import { createApp } from './app.js'

export function startSpaExchange(port?: number) {
  const clientSecret = randomBytes(32).toString('base64url')
  return startExample(
    { client_id: 'spa-app', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_post' },
    async ({ issuer, url }) => {
      const files = await bundlePage(import.meta.url, { ISSUER: JSON.stringify(issuer) })
      return createApp({ issuer, url, clientSecret, ...files })
    },
    port,
  )
}

await serve(import.meta.url, 'proofkey with an exchange on the server', startSpaExchange)
