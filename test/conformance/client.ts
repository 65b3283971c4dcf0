/**
 * The client under test of `@modelcontextprotocol/conformance`: a command line agent. The framework appends the URL of its MCP
 * server, whose authorization server signs everybody in.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import {
  acceptResourceOfWholeOrigin,
  allowInsecureLoopback,
  createMcpAuth,
  isProofkeyError,
  memoryRegistrations,
  memoryVault,
} from '../../src/mcp.js'
import { loopback } from '../../src/node.js'
import { clientSecretBasic, createDpop, createSigningKey } from '../../src/protocol.js'

const url = process.argv.at(-1) ?? ''
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}')

/** The scenario has one authorization server, and says only what the client is called there. */
async function preregistered() {
  const { client_id: clientId, client_secret: secret } = context
  if (!clientId) return undefined
  const metadata = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', url))
  const { authorization_servers: issuers } = (await metadata.json()) as { authorization_servers: string[] }
  return { [`${issuers[0]}`]: { clientId, clientAuth: secret ? clientSecretBasic(secret) : undefined } }
}

const key = await createSigningKey()
const auth = createMcpAuth({
  url,
  redirectUri: 'http://127.0.0.1/callback',
  userAgent: loopback({ open: (page) => fetch(page) }),
  vault: memoryVault(),
  registrations: memoryRegistrations(),
  register: { clientName: 'proofkey' },
  clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
  preregistered: await preregistered(),
  confirmSignIn: () => true,
  originResource: acceptResourceOfWholeOrigin,
  dpop: /dpop/.test(`${process.env['MCP_CONFORMANCE_SCENARIO']}`) ? createDpop(async () => key) : undefined,
  // The framework listens on this machine.
  insecure: allowInsecureLoopback,
})

const version = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? ''
const client = new Client(
  { name: 'proofkey', version: '1.0.0' },
  // From 2026-07-28 on there is no handshake.
  { versionNegotiation: { mode: version >= '2026' ? { pin: version } : 'legacy' } },
)
try {
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: auth.fetch }))
  const { tools } = await client.listTools()
  for (const { name } of tools) await client.callTool({ name, arguments: {} })
  await client.close()
} catch (error) {
  console.error(isProofkeyError(error) ? `${error.code}: ${error.message}` : error)
  process.exitCode = 1
}
