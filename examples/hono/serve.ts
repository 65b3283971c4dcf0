import { getRequestListener } from '@hono/node-server'
import type { JWK } from 'oidc-provider'
import { serve } from '../lib/example.js'
import { startServerExample } from '../lib/server-example.js'
import { createApp } from './app.js'

export async function startHono(port?: number) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  const signingKeyId = 'key-1'
  const publicJwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: signingKeyId, use: 'sig' } as JWK
  return startServerExample(
    { client_id: 'hono-app', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicJwk] } },
    (surroundings) => getRequestListener(createApp({ ...surroundings, signingKey: privateKey, signingKeyId }).fetch),
    port,
  )
}

await serve(import.meta.url, 'proofkey with Hono', startHono)
