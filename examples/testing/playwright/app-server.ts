import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'

/** Serves the app, as its development server would. @param issuer the server that it signs in at */
export async function serveApp(issuer: string) {
  const { outputFiles } = await build({
    entryPoints: [new URL('app.ts', import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    write: false,
  })
  const http = createServer(({ url = '' }, response) => {
    if (url === '/app.js') return response.setHeader('content-type', 'text/javascript').end(outputFiles[0]?.text)
    const page = `<!doctype html><html lang="en" data-issuer="${issuer}"><body><script type="module" src="/app.js"></script>`
    return response.setHeader('content-type', 'text/html').end(page)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    close() {
      http.close()
      http.closeAllConnections()
    },
  }
}
