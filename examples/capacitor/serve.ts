import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientMetadata } from 'oidc-provider'
import { serve, startExample } from '../lib/example.js'
import { listener } from '../lib/listener.js'
import { buildApp, WEB_DIR } from './build.js'

const CLIENT_ID = 'capacitor-app'

/** Builds the app's folder, and serves it as a plain web page with the provider beside it. */
export function startCapacitor(port?: number, folder = WEB_DIR) {
  const client: ClientMetadata = {
    client_id: CLIENT_ID,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['/callback', 'com.example.proofkey:/callback'],
  }
  return startExample(
    client,
    async ({ issuer }) => {
      await buildApp({ issuer, clientId: CLIENT_ID }, folder)
      const file = (name: string, type: string) => async () =>
        new Response(await readFile(join(folder, name)), { headers: { 'content-type': type } })
      const page = file('index.html', 'text/html; charset=utf-8')
      return listener({
        'GET /': page,
        'GET /callback': page,
        'GET /main.js': file('main.js', 'text/javascript'),
        'GET /style.css': file('style.css', 'text/css'),
      })
    },
    port,
  )
}

await serve(import.meta.url, 'proofkey in a Capacitor app, on the web', startCapacitor)
