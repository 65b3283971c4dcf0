import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { browserClient, type RunningProvider, startProvider } from './provider.js'

const CLIENT_ID = 'demo-app'
const APP_PORT = 4173
const PROVIDER_PORT = 4174

export interface DemoOptions {
  /** The app's port; 0 for a free one. Default 4173, or a free one where that is taken. */
  readonly port?: number | undefined
  /** The provider's port; 0 for a free one. Default 4174, or a free one where that is taken. */
  readonly providerPort?: number | undefined
}

export interface RunningDemo {
  /** The app's origin. */
  readonly url: string
  readonly issuer: string
  close(): Promise<void>
}

/**
 * Starts the app and its OpenID provider. The host names differ, `localhost` and `127.0.0.1`, because cookies know no
 * ports: the app never sees the provider's.
 */
export async function startDemo({ port, providerPort }: DemoOptions = {}): Promise<RunningDemo> {
  const server = createServer()
  await listen(server, port)
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  try {
    const running = await provide(browserClient(CLIENT_ID, [`${url}/callback`]), providerPort)
    server.on('request', await createApp(running.issuer))
    return {
      url,
      issuer: running.issuer,
      close: async () => {
        await Promise.all([running.close(), closed(server)])
      },
    }
  } catch (error) {
    await closed(server)
    throw error
  }
}

async function listen(server: Server, wished: number | undefined): Promise<void> {
  const attempt = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, 'localhost', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await attempt(wished ?? APP_PORT).catch(freePortInstead(wished, attempt))
}

async function provide(
  configuration: ReturnType<typeof browserClient>,
  wished: number | undefined,
): Promise<RunningProvider> {
  const attempt = (port: number) => startProvider(configuration, port)
  const running = await attempt(wished ?? PROVIDER_PORT).catch(freePortInstead(wished, attempt))
  running.provider.on('server_error', (_ctx, error) => console.error(error))
  return running
}

/** Only a default port gives way; one that was asked for is that one or an error. */
const freePortInstead =
  <T>(wished: number | undefined, attempt: (port: number) => Promise<T>) =>
  (error: NodeJS.ErrnoException): Promise<T> => {
    if (wished !== undefined || error.code !== 'EADDRINUSE') throw error
    return attempt(0)
  }

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** The app: one page at `/` and `/callback`, bundled once, served from memory. */
async function createApp(issuer: string): Promise<RequestListener> {
  const file = (name: string) => fileURLToPath(new URL(`./src/${name}`, import.meta.url))
  const script = await build({
    entryPoints: [file('main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'inline',
    define: { ISSUER: JSON.stringify(issuer), CLIENT_ID: JSON.stringify(CLIENT_ID) },
  })
  const page = { type: 'text/html', body: await readFile(file('index.html')) }
  const files = new Map([
    ['/', page],
    ['/callback', page],
    ['/main.js', { type: 'text/javascript', body: script.outputFiles[0]!.contents }],
    ['/style.css', { type: 'text/css', body: await readFile(file('style.css')) }],
    ['/icon.svg', { type: 'image/svg+xml', body: await readFile(file('icon.svg')) }],
  ])
  const headers = {
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src ${issuer}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
  }
  return (request, response) => {
    const found = files.get(request.url?.replace(/\?.*/, '') ?? '/')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...headers, allow: 'GET, HEAD' }).end()
    } else if (!found) {
      response.writeHead(404, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end('Not found')
    } else {
      response.writeHead(200, { ...headers, 'content-type': `${found.type}; charset=utf-8` })
      response.end(request.method === 'HEAD' ? undefined : found.body)
    }
  }
}
