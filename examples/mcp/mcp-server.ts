import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { sendResponse, toRequest } from '../../src/node.js'
// In a server of yours: from 'proofkey/resource-server'.
import { allowInsecureLoopback, createResourceServer } from '../../src/resource-server.js'

/** An MCP server with the tools `whoami` and `erase`; the second one needs more scope. */
function createTools(subject: string): McpServer {
  const mcp = new McpServer({ name: 'example', version: '1.0.0' })
  const answer = (text: string) => ({ content: [{ type: 'text' as const, text }] })
  mcp.registerTool('whoami', { description: 'Says who is signed in.' }, () => answer(subject))
  mcp.registerTool('erase', { description: 'Erases everything of the user.' }, () => answer(`erased ${subject}`))
  return mcp
}

/** Starts it: access tokens of `issuer` are needed, as MCP's authorization demands (RFC 9728, RFC 8707). */
export async function startMcpServer(issuer: string) {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  const api = createResourceServer({
    issuer,
    audience: url,
    scopesSupported: ['tools:read'],
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })

  server.on('request', async (incoming, outgoing) => {
    const request = toRequest(incoming, { response: outgoing })
    const { pathname } = new URL(request.url)
    if (pathname === new URL(api.metadataUrl).pathname)
      return sendResponse(outgoing, (await api.handle(request)) ?? new Response(null, { status: 404 }))
    const message =
      request.method === 'POST'
        ? await request
            .clone()
            .json()
            .catch(() => undefined)
        : undefined
    const isErase = message?.method === 'tools/call' && message.params?.name === 'erase'
    try {
      const { subject = '' } = await api.authorize(request, { scope: isErase ? 'tools:write' : 'tools:read' })
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
      await createTools(subject).connect(transport as Parameters<McpServer['connect']>[0])
      await transport.handleRequest(incoming, outgoing, message)
    } catch (error) {
      const refusal = (error as { toResponse?(): Response }).toResponse?.()
      await sendResponse(outgoing, refusal ?? new Response(null, { status: 500 }))
    }
  })
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { url, close }
}
