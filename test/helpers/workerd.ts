import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import imported from 'workerd'
import { childInFolder } from './child-in-folder.js'

// Its main file is CommonJS that says it is a module: who loads it decides which of the two is given.
const workerd = typeof imported === 'string' ? imported : (imported as { default: string }).default

const READY_MS = 20_000

/**
 * Runs a worker in Cloudflare's runtime, on a free loopback port.
 * @param worker its TypeScript
 * @param setup its binding `SETUP`
 * @param mayCallLoopback its `fetch` reaches servers of this machine; otherwise it may not
 */
export async function startWorkerd(worker: URL, setup: object, mayCallLoopback = false) {
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-workerd-'))
  await build({
    entryPoints: [worker.pathname],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
    logLevel: 'error',
  })
  writeFileSync(join(folder, 'setup.json'), JSON.stringify(setup))
  const network = mayCallLoopback ? '(name = "internet", network = (allow = ["private"])),' : ''
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [${network} (name = "main", worker = (
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
    return { port: Number(port), close, output }
  }
  clearTimeout(timer)
  await close()
  throw new Error(`workerd did not get ready:\n${output()}`)
}
