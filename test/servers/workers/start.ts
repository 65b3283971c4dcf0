import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import imported from 'workerd'
import { childInFolder } from '../../helpers/child-in-folder.js'
import { clientIdOf, REDIRECT_URI, SECRET, type StartServer, USER } from '../running-server.js'
import { formOf } from '../visitor.js'

// Its main file is CommonJS that says it is a module: who loads it decides which of the two is given.
const workerd = typeof imported === 'string' ? imported : (imported as { default: string }).default

const METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const
const READY_MS = 20_000

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
  const { port, close } = await startWorker({ clients, user: USER.name })
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

async function startWorker(setup: object) {
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-workerd-'))
  await build({
    entryPoints: [new URL('./worker.ts', import.meta.url).pathname],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
    logLevel: 'error',
  })
  writeFileSync(join(folder, 'setup.json'), JSON.stringify(setup))
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = (
        modules = [(name = "worker", esModule = embed "worker.js")],
        bindings = [(name = "SETUP", json = embed "setup.json")],
        compatibilityDate = "2026-01-01",
        compatibilityFlags = ["global_fetch_strictly_public"],
      ))],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );`,
  )
  const args = ['serve', join(folder, 'config.capnp'), '--control-fd=3']
  const child = spawn(workerd, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  const { output, kill, close } = childInFolder(child, folder)

  const timer = setTimeout(kill, READY_MS)
  // One JSON text a line: the port is the system's choice.
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const { event, port } = JSON.parse(line)
    if (event !== 'listen') continue
    clearTimeout(timer)
    return { port: Number(port), close }
  }
  clearTimeout(timer)
  await close()
  throw new Error(`workerd did not get ready:\n${output()}`)
}
