import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bundlePage } from '../lib/bundle.js'
import { type RunningExample, serve } from '../lib/example.js'
import { listener } from '../lib/listener.js'
import { startMcpServer } from '../mcp-agent/mcp-server.js'

/** An agent that is a web page, an MCP server of the SDK, and an authorization server that the page does not know. */
export async function startMcpPage(port = 0): Promise<RunningExample> {
  const mcp = await startMcpServer()
  const server = createServer()
  const close = async () => {
    server.close()
    server.closeAllConnections()
    await mcp.close()
  }
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, 'localhost', resolve))
    const { html, script } = await bundlePage(import.meta.url, { MCP_URL: JSON.stringify(mcp.url) })
    const style = await readFile(new URL('../lib/style.css', import.meta.url), 'utf8')
    // An agent for any MCP server needs `connect-src https:`.
    const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${mcp.issuer} ${new URL(mcp.url).origin}; frame-ancestors 'none'`
    const file = (body: string, type: string) => () =>
      new Response(body, {
        headers: {
          'content-type': `text/${type}; charset=utf-8`,
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'content-security-policy': policy,
        },
      })
    server.on(
      'request',
      listener({
        'GET /': file(html, 'html'),
        // After a redirect the agent goes on there; in a popup, it hands the callback over.
        'GET /callback': file(html, 'html'),
        'GET /main.js': file(script, 'javascript'),
        'GET /style.css': file(style, 'css'),
      }),
    )
    const url = `http://localhost:${(server.address() as AddressInfo).port}`
    return { url, issuer: mcp.issuer, provider: mcp.provider, close }
  } catch (error) {
    await close()
    throw error
  }
}

await serve(import.meta.url, 'proofkey in an agent that is a page', startMcpPage)
