import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { serve } from '../lib/example.js'
import { proxy } from '../lib/proxy.js'
import { startServerExample } from '../lib/server-example.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const DEPENDENCIES = { next: '16.4.6', react: '^19.3.1', 'react-dom': '^19.3.1' }
const TYPES = { typescript: '~5.9', '@types/node': '^20', '@types/react': '^19' }

const run = promisify(execFile)

/** Installs Next.js and the package of this repository in a temporary folder, builds the app there, and starts it. */
export function startNext(port?: number) {
  return startServerExample(
    { client_id: 'next-app' },
    async ({ issuer, url, api, clientSecret, sealingSecret }) => {
      const folder = await mkdtemp(join(tmpdir(), 'proofkey-next-'))
      try {
        await install(folder)
        const settings = { APP_URL: url, ISSUER: issuer, API: api, CLIENT_ID: 'next-app', CLIENT_SECRET: clientSecret }
        const next = await startServer(folder, { ...settings, SEALING_KEY: sealingSecret })
        return {
          listener: proxy(() => next.port),
          close: async () => {
            await next.end()
            remove(folder)
          },
        }
      } catch (error) {
        remove(folder)
        throw error
      }
    },
    port,
  )
}

async function install(folder: string): Promise<void> {
  for (const part of ['app', 'lib', 'proxy.ts']) await cp(join(HERE, part), join(folder, part), { recursive: true })
  for (const file of ['page.ts', 'refusal.ts']) await cp(join(HERE, '../lib', file), join(folder, 'lib', file))
  for (const file of await readdir(folder, { recursive: true })) {
    if (/\.tsx?$/.test(file)) await asInAnApp(join(folder, file))
  }
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: REPOSITORY })
  const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'))
  const dependencies = { ...DEPENDENCIES, proofkey: `file:${tarball}` }
  const manifest = { private: true, type: 'module', dependencies, devDependencies: TYPES }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder })
  await run('npx', ['next', 'build'], { cwd: folder, env: environment() })
}

/** The imports as in an app of its own: of the package, and of files that stand one folder nearer. */
async function asInAnApp(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const imports = text
    .replace(/'(?:\.\.\/)+src\/server\.js'/g, "'proofkey/server'")
    .replace(/'\.\.\/((?:\.\.\/)*)lib\/(\w+)\.js'/g, "'$1lib/$2'")
    .replace(/'\.\/(\w+)\.js'/g, "'./$1'")
  await writeFile(file, imports.replace(/'lib\//g, "'./"))
}

/** In a process of its own, because this one may be ended meanwhile: there are some 400 MB. */
function remove(folder: string): void {
  const script = 'fs.rmSync(process.argv[1], { recursive: true, force: true })'
  spawn(process.execPath, ['-e', script, folder], { detached: true, stdio: 'ignore' }).unref()
}

const environment = (more: Record<string, string> = {}) => ({ ...process.env, NEXT_TELEMETRY_DISABLED: '1', ...more })

async function startServer(folder: string, settings: Record<string, string>) {
  const next = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '-H', '127.0.0.1', '-p', '0'], {
    cwd: folder,
    env: environment(settings),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(next, 'exit')
  const end = async () => {
    next.kill()
    await ended
  }
  for await (const line of createInterface(next.stdout)) {
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (!port) continue
    next.stdout.resume()
    return { port: Number(port), end }
  }
  throw new Error('Next.js ended.')
}

await serve(import.meta.url, 'proofkey with Next.js', startNext)
