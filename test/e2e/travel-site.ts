import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import '../../examples/demo/quiet.js'
import type Provider from 'oidc-provider'
import { browserClient, startProvider } from '../../examples/demo/provider.js'
import { guideSnippet } from '../helpers/documents.js'
import type { Site } from './browser.js'

const RELAY = '/relay.js'
/** Of pages that are not the app's own. */
const SCRIPTS: Record<string, string[]> = { '/relay': [RELAY], '/empty': [] }

type Headers = Record<string, string>

export interface TravelSite extends Site {
  readonly provider: Provider
  /** What the app's pages, and the provider's, are sent with besides; a test changes it. */
  readonly headers: { app: Headers; callback: Headers; provider: Headers }
  /** Whether the provider's cookies are for third-party frames too. */
  cookies: 'lax' | 'none'
  /** What the provider was asked for, in this order. */
  readonly asked: URL[]
  /** A script that the provider's authorization endpoint answers with, as one that was taken over might. */
  hostile: string | undefined
  /** The status of an empty page that `/callback` answers with, in place of the app's. */
  emptyCallback: number | undefined
}

/**
 * An app whose page stays, and its provider. By default they are two sites, as cookies and frames see it.
 * @param names of this machine
 */
export async function startTravelSite(appHost = 'localhost', providerHost = '127.0.0.1'): Promise<TravelSite> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://${appHost}:${(server.address() as AddressInfo).port}`
  const redirectUris = [`${url}/callback`, `${url}/relay`]
  const { issuer, provider, close } = await startProvider(browserClient('bare-app', redirectUris), 0, providerHost)
  const site: TravelSite = {
    url,
    issuer,
    provider,
    headers: { app: {}, callback: {}, provider: {} },
    cookies: 'lax',
    hostile: undefined,
    emptyCallback: undefined,
    asked: [],
    close: async () => {
      server.close()
      server.closeAllConnections()
      await close()
    },
  }
  provider.use(async (ctx, next) => {
    site.asked.push(new URL(ctx.href))
    if (site.hostile !== undefined && ctx.path === '/auth') {
      ctx.body = `<!doctype html><title>hostile</title><script>${site.hostile}</script>`
      return
    }
    await next()
    ctx.set(site.headers.provider)
    const cookies = [ctx.response.get('set-cookie')].flat().filter(Boolean)
    if (site.cookies === 'none' && cookies.length) {
      ctx.set(
        'set-cookie',
        cookies.map((cookie) => cookie.replace('samesite=lax', 'samesite=none; secure')),
      )
    }
  })
  const scripts = await bundle(issuer)
  server.on('request', (request, response) => {
    const { pathname } = new URL(request.url ?? '/', url)
    const script = scripts.get(pathname)
    const { app, callback } = site.headers
    const headers = ['/callback', '/relay'].includes(pathname) ? callback : app
    const empty = pathname === '/callback' ? site.emptyCallback : undefined
    response.writeHead(empty ?? 200, {
      'content-type': script ? 'text/javascript' : 'text/html',
      ...(!script && headers),
    })
    const scriptNames = empty ? [] : (SCRIPTS[pathname] ?? ['/page.js', '/travel-page.js'])
    response.end(script ?? page(...scriptNames))
  })
  return site
}

const page = (...scripts: string[]) =>
  `<!doctype html><title>app</title><link rel="icon" href="data:,"><body>${scripts.map((name) => `<script type="module" src="${name}"></script>`).join('')}</body>`

/** Three scripts, by path: the app, its part in these tests, and a callback page's own. */
async function bundle(issuer: string): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    // What the guide says that a callback page of its own needs.
    stdin: {
      contents: guideSnippet('without-leaving', 'if (!(await relayCallback()))'),
      resolveDir: import.meta.dirname,
    },
    alias: { proofkey: new URL('../../src/index.ts', import.meta.url).pathname },
    entryPoints: ['page', 'travel-page'].map((name) => new URL(`./${name}.ts`, import.meta.url).pathname),
    bundle: true,
    write: false,
    outdir: '/',
    format: 'esm',
    target: 'es2022',
    define: { ISSUER: JSON.stringify(issuer) },
  })
  return new Map(outputFiles.map(({ path, text }) => [path.replace('/stdin.js', RELAY), text]))
}
