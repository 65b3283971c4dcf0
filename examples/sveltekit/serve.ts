import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { serve } from '../lib/example.js'
import { startServerExample } from '../lib/server-example.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url))

/** Builds the app with adapter-node in a temporary folder, and serves it. Once in a process: its settings are those of the process. */
export function startSvelteKit(port?: number) {
  return startServerExample(
    { client_id: 'sveltekit-app' },
    async ({ issuer, url, api, clientSecret, sealingSecret }) => {
      // What is built there finds the packages it needs.
      const out = await mkdtemp(join(MODULES, '.proofkey-sveltekit-'))
      const close = () => rm(out, { recursive: true, force: true })
      try {
        const settings = { ORIGIN: url, ISSUER: issuer, API: api, CLIENT_SECRET: clientSecret }
        Object.assign(process.env, settings, { SEALING_KEY: sealingSecret })
        const env = { ...process.env, OUT: out }
        await promisify(execFile)(process.execPath, [join(MODULES, 'vite/bin/vite.js'), 'build'], { cwd: HERE, env })
        const { handler } = await import(pathToFileURL(join(out, 'build/handler.js')).href)
        return { listener: handler as RequestListener, close }
      } catch (error) {
        await close()
        throw error
      }
    },
    port,
  )
}

await serve(import.meta.url, 'proofkey with SvelteKit', startSvelteKit)
