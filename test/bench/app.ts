import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface App {
  /** Each contestant has an origin, and so a process and a storage, of its own. */
  origin(name: string): string
  close(): Promise<void>
}

/** A cross-origin isolated page has a clock of 5 µs; any other one of 100 µs. */
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/**
 * Serves every contestant's page under `<name>.localhost`, at any path.
 * @param scripts by host name and path, `contestant/script.js`
 */
export async function startApp(scripts: ReadonlyMap<string, string>, setup: (origin: string) => object): Promise<App> {
  const server = createServer((request, response) => {
    const { hostname, origin, pathname } = new URL(request.url ?? '/', `http://${request.headers.host}`)
    const name = hostname.replace('.localhost', '')
    if (pathname.endsWith('.js')) {
      const script = scripts.get(name + pathname) ?? scripts.get(pathname.slice(1))
      response.writeHead(script ? 200 : 404, { ...ISOLATED, 'content-type': 'text/javascript' }).end(script)
    } else {
      response.writeHead(200, { ...ISOLATED, 'content-type': 'text/html' }).end(page(setup(origin)))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: (name) => `http://${name}.localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const page = (setup: object) => `<!doctype html>
<title>bench</title>
<link rel="icon" href="data:,">
<script type="module">
  import { prepare } from '/harness.js'
  import { create } from '/contestant.js'
  globalThis.setup = ${JSON.stringify(setup)}
  globalThis.bench = prepare(create, setup)
</script>
`
