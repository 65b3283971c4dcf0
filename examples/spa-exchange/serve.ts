import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { serve, startExample } from '../lib/example.js'
import { createApp } from './app.js'

export function startSpaExchange(port?: number) {
  const clientSecret = randomBytes(32).toString('base64url')
  return startExample(
    { client_id: 'spa-app', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_post' },
    async ({ issuer, url }) => createApp({ issuer, url, clientSecret, ...(await bundle(issuer)) }),
    port,
  )
}

/** The browser's part, bundled once, served from memory. */
async function bundle(issuer: string) {
  const file = (name: string) => fileURLToPath(new URL(`./src/${name}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [file('main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    define: { ISSUER: JSON.stringify(issuer) },
  })
  return { html: await readFile(file('index.html'), 'utf8'), script: outputFiles[0]!.text }
}

await serve(import.meta.url, 'proofkey with an exchange on the server', startSpaExchange)
