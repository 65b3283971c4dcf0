import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { echo } from '../helpers/echo.js'
import type { Site } from './browser.js'

/** A page that can run the cases of fetch-cases.ts, and a server of its origin that tells what arrived. */
export async function fetchSite(): Promise<Site> {
  const entry = new URL('./fetch-page.ts', import.meta.url).pathname
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'iife' })
  const answer = echo()
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/echo')) return answer(request, response)
    const script = request.url === '/page.js'
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html', 'set-cookie': 'a=b' })
    response.end(script ? outputFiles[0]?.text : '<!doctype html><title>app</title><script src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    url,
    issuer: url,
    close: async () => {
      server.close().closeAllConnections()
    },
  }
}
