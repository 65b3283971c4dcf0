import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express, { type RequestHandler } from 'express'
import type Provider from 'oidc-provider'
// In an app of yours: from 'proofkey/node' and 'proofkey/resource-server'.
import { sendResponse, toRequest } from '../../src/node.js'
import {
  type Access,
  allowInsecureLoopback,
  createResourceServer,
  isProofkeyError,
  memoryReplayCache,
  type ResourceServer,
} from '../../src/resource-server.js'
import { browserClient, startProvider } from '../demo/provider.js'

/** What the tokens are for: one tool needs more than the others. */
const SCOPE = 'notes:read'
const SCOPE_OF_DELETE = 'notes:delete'

/** An MCP server of the official SDK, and a provider that knows none of its clients: each registers. */
export async function startMcpServer() {
  const { issuer, provider, close } = await startProvider({
    ...browserClient('unused', ['https://app.example/callback']),
    scopes: ['openid', 'offline_access', SCOPE, SCOPE_OF_DELETE],
    issueRefreshToken: async () => true,
    clientBasedCORS: () => true,
    features: {
      registration: { enabled: true },
      deviceFlow: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => false,
        getResourceServerInfo: (_ctx, audience) => ({
          scope: `${SCOPE} ${SCOPE_OF_DELETE}`,
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  provider.use(registrationForPages)
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const resource = `${origin}/mcp`

  app.use((_request, response, next) => {
    // For the agent that is a web page.
    response.set({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*, authorization',
      'access-control-expose-headers': 'www-authenticate, mcp-session-id, dpop-nonce',
    })
    next()
  })
  app.options('*path', (_request, response) => void response.status(204).end())
  const api = createResourceServer({
    issuer,
    // Only a token for this very server: one for another server would let that server call this one.
    audience: resource,
    scopesSupported: [SCOPE],
    dpop: { replayCache: memoryReplayCache() },
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  })
  app.get(new URL(api.metadataUrl).pathname, (request, response) =>
    sendResponse(response, api.handle(toRequest(request, { response })) ?? new Response(null, { status: 404 })),
  )
  app.all('/mcp', express.json(), authorize(api), handleMcp)

  return {
    issuer,
    provider,
    url: resource,
    async close() {
      server.close()
      server.closeAllConnections()
      await close()
    },
  }
}

/** One tool needs a scope of its own. The SDK passes `request.auth` to the tools. */
const authorize =
  (api: ResourceServer): RequestHandler =>
  async (request, response, next) => {
    const { method, params } = Object(request.body)
    const isDelete = method === 'tools/call' && params?.name === 'delete_notes'
    try {
      const scope = isDelete ? `${SCOPE} ${SCOPE_OF_DELETE}` : SCOPE
      const access = await api.authorize(toRequest(request, { response }), { scope })
      Object.assign(request, { auth: authInfoOf(access) })
    } catch (error) {
      const refusal = isProofkeyError(error) && error.toResponse?.()
      if (!refusal) throw error
      return sendResponse(response, refusal)
    }
    next()
  }

const authInfoOf = ({ subject, clientId, scopes, expiresAtMs = 0 }: Access): AuthInfo => ({
  // No tool needs it: it is for this server only.
  token: '',
  clientId: `${clientId}`,
  scopes: [...scopes],
  expiresAt: expiresAtMs / 1000,
  extra: { user: subject },
})

/** Agents that are web pages register too, from any origin. */
const registrationForPages: Parameters<Provider['use']>[0] = async (ctx, next) => {
  if (ctx.path !== '/reg') return next()
  ctx.set({ 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type' })
  if (ctx.method !== 'OPTIONS') return next()
  ctx.status = 204
}

/** Without sessions: each request has a server of its own. */
const handleMcp: RequestHandler = async (request, response) => {
  if (request.method !== 'POST') return void response.status(405).end()
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
  server.registerTool('whoami', { description: 'Says who is signed in' }, ({ authInfo }) =>
    text(`${authInfo?.extra?.['user']}`),
  )
  server.registerTool('delete_notes', { description: 'Deletes all notes' }, () => text('deleted'))
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  response.on('close', () => void server.close())
  await server.connect(transport as never)
  await transport.handleRequest(request, response, request.body)
}
