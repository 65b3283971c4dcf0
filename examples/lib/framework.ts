import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build, type PluginOption, type Rollup } from 'vite'
import type { RunningExample } from './example.js'
import { startWithApi } from './server-example.js'

const CLIENT_ID = 'framework-app'
/** The paths of the app's own router. */
const PAGES = ['/', '/callback', '/visits']
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }

/**
 * Starts a browser app with its provider, which gives refresh tokens of one use, and an API that asks the provider.
 * @param folder where its `index.html` is, relative to `base`
 */
export function startFramework(base: string, plugins: PluginOption[], port?: number): Promise<RunningExample> {
  return startWithApi(
    { client_id: CLIENT_ID, token_endpoint_auth_method: 'none' },
    async ({ issuer, api }) => {
      const define = { ISSUER: JSON.stringify(issuer), API: JSON.stringify(api) }
      const files = await bundle(fileURLToPath(new URL('.', base)), plugins, define)
      return serveFiles(files, [issuer, api])
    },
    port,
  )
}

/** Builds the app into memory, by path; as for development, where StrictMode does everything twice. */
async function bundle(root: string, plugins: PluginOption[], define: Record<string, string>) {
  const { output } = (await build({
    root,
    plugins,
    configFile: false,
    logLevel: 'warn',
    mode: 'development',
    define: { ...define, 'process.env.NODE_ENV': '"development"' },
    build: { write: false, target: 'es2022', minify: false, modulePreload: false, rollupOptions: { onwarn } },
  })) as Rollup.RollupOutput
  return new Map(output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
}

/** React's router marks its modules for servers with a directive, which means nothing here. */
const onwarn: Rollup.WarningHandlerWithDefault = (warning, warn) => {
  if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning)
}

function serveFiles(files: ReadonlyMap<string, string | Uint8Array>, servers: string[]): RequestListener {
  const headers = {
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${servers.join(' ')}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  }
  return (request, response) => {
    const path = request.url?.replace(/\?.*/, '') ?? '/'
    const name = PAGES.includes(path) ? '/index.html' : path
    const body = files.get(name)
    const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain'
    response.writeHead(body ? 200 : 404, { ...headers, 'content-type': `${type}; charset=utf-8` })
    response.end(body ?? 'Not found')
  }
}
