import { build } from 'esbuild'
import { startExample } from '../../examples/lib/example.js'
import { listener } from '../../examples/lib/listener.js'

/** The redirect URIs of the app. */
export const LINKS = ['com.example.proofkey:/callback', 'com.example.proofkey://callback/x'] as const

/** The pages that an app bundles (native-page.ts), and the provider it is registered at. */
export const nativeSite = () =>
  startExample(
    {
      client_id: 'native-app',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['/callback', ...LINKS],
    },
    async ({ issuer }) => {
      const { outputFiles } = await build({
        entryPoints: ['page', 'native-page'].map((name) => new URL(`./${name}.ts`, import.meta.url).pathname),
        bundle: true,
        write: false,
        outdir: '/',
        format: 'iife',
        target: 'es2022',
        define: { ISSUER: JSON.stringify(issuer) },
      })
      const send = (body: string, type: string) => () => new Response(body, { headers: { 'content-type': type } })
      const page = send('<!doctype html><title>app</title><script src="/app.js"></script>', 'text/html')
      return listener({
        'GET /': page,
        'GET /callback': page,
        'GET /app.js': send(outputFiles.map(({ text }) => text).join('\n'), 'text/javascript'),
      })
    },
  )
