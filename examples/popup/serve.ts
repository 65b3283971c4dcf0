import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { serve, startExample } from '../lib/example.js'
import { listener } from '../lib/listener.js'

/** What neither page needs. */
const CLOSED = "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

/**
 * An app that signs in without leaving its page. Its provider is of the same site by default, so that browsers let it
 * see its cookies in a frame; at `127.0.0.1` it is another site, and most of them do not.
 */
export function startPopup(port?: number, providerHost = process.env['PROVIDER_HOST'] ?? 'localhost') {
  return startExample(
    { client_id: 'popup-app', token_endpoint_auth_method: 'none' },
    async ({ issuer }) => {
      const files = await bundle(issuer)
      const file = (name: string, type: string, policy?: string) => () =>
        new Response(files.get(name), {
          headers: {
            'content-type': `${type}; charset=utf-8`,
            'cache-control': 'no-store',
            'referrer-policy': 'no-referrer',
            ...(policy && { 'content-security-policy': `default-src 'none'; script-src 'self'; ${policy}; ${CLOSED}` }),
          },
        })
      const app = `style-src 'self'; img-src data:; connect-src ${issuer}; frame-src 'self' ${issuer}; frame-ancestors 'none'`
      return listener({
        'GET /': file('index.html', 'text/html', app),
        'GET /main.js': file('main.js', 'text/javascript'),
        'GET /main.css': file('main.css', 'text/css'),
        // It has the answer in its URL: nothing runs there but what takes it away.
        'GET /callback': file('callback.html', 'text/html', "frame-ancestors 'self'"),
        'GET /callback.js': file('callback.js', 'text/javascript'),
      })
    },
    port,
    {},
    providerHost,
  )
}

/** Two pages and their scripts, bundled once, by name. */
async function bundle(issuer: string): Promise<Map<string, string>> {
  const source = (name: string) => fileURLToPath(new URL(`./src/${name}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [source('main.ts'), source('callback.ts')],
    bundle: true,
    minify: true,
    write: false,
    outdir: '/',
    format: 'esm',
    target: 'es2022',
    define: { ISSUER: JSON.stringify(issuer) },
  })
  const pages = ['index.html', 'callback.html'].map(
    async (name) => [name, await readFile(source(name), 'utf8')] as const,
  )
  return new Map([
    ...(await Promise.all(pages)),
    ...outputFiles.map(({ path, text }) => [path.slice(1), text] as const),
  ])
}

await serve(import.meta.url, 'proofkey with a popup', startPopup)
