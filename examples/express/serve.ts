import { randomBytes } from 'node:crypto'
import { serve, startExample } from '../lib/example.js'
import { createApp } from './app.js'

export function startExpress(port?: number) {
  const clientSecret = randomBytes(32).toString('base64url')
  return startExample(
    { client_id: 'express-app', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' },
    (surroundings) => createApp({ ...surroundings, clientSecret }),
    port,
  )
}

await serve(import.meta.url, 'proofkey with Express', startExpress)
