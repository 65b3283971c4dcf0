import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express, { type RequestHandler } from 'express'
import type Provider from 'oidc-provider'
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
        getResourceServerInfo: (_ctx, audience) => ({ scope: `${SCOPE} ${SCOPE_OF_DELETE}`, audience }),
      },
    },
  })
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
      'access-control-expose-headers': 'www-authenticate, mcp-session-id',
    })
    next()
  })
  app.options('*path', (_request, response) => void response.status(204).end())
  app.use(
    mcpAuthMetadataRouter({
      oauthMetadata: {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        response_types_supported: ['code'],
      },
      resourceServerUrl: new URL(resource),
      scopesSupported: [SCOPE],
    }),
  )
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`
  const bearer = requireBearerAuth({
    verifier: { verifyAccessToken: (token) => tokenFacts(provider, token, resource) },
    requiredScopes: [SCOPE],
    resourceMetadataUrl: metadataUrl,
  })
  app.all('/mcp', bearer, express.json(), scopeOfTool(metadataUrl), handleMcp)

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

/** Only a token for this very server: one for another server would let that server call this one. */
async function tokenFacts(provider: Provider, token: string, resource: string) {
  const found = await provider.AccessToken.find(token)
  if (!found || found.aud !== resource) throw new InvalidTokenError('not a token for this server')
  return {
    token,
    clientId: `${found.clientId}`,
    scopes: `${found.scope}`.split(' '),
    expiresAt: Number(found.exp),
    extra: { user: found.accountId },
  }
}

/** One tool needs a scope of its own. */
const scopeOfTool =
  (metadataUrl: string): RequestHandler =>
  (request, response, next) => {
    const { method, params } = Object(request.body)
    const isDelete = method === 'tools/call' && params?.name === 'delete_notes'
    if (!isDelete || request.auth?.scopes.includes(SCOPE_OF_DELETE)) return next()
    const challenge = `Bearer error="insufficient_scope", scope="${SCOPE_OF_DELETE}", resource_metadata="${metadataUrl}"`
    response.status(403).set('www-authenticate', challenge).json({ error: 'insufficient_scope' })
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
