import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
// In an agent of yours: from 'proofkey/mcp' and 'proofkey/node'.
import { createMcpAuth, memoryRegistrations } from '../../src/mcp.js'
import { loopback } from '../../src/node.js'
import { allowInsecureLoopback } from '../../src/protocol.js'

export interface AgentOptions {
  /** The MCP server. Nothing else about it is known. */
  readonly url: string
  /** Opens a browser; prints the link by default. */
  readonly open?: ((url: string) => unknown) | undefined
  readonly log?: (line: string) => void
}

/** A command-line agent: it calls two tools of an MCP server that it has never seen before. */
export async function runAgent({ url, open, log = console.log }: AgentOptions): Promise<void> {
  const auth = createMcpAuth({
    url,
    redirectUri: 'http://127.0.0.1/callback',
    userAgent: loopback({ open }),
    register: { clientName: 'Example agent' },
    registrations: memoryRegistrations(),
    // A server can ask for any scope: an agent of yours lets its user decide.
    confirmSignIn: ({ reason, issuer, scope }) => {
      log(`The server asks for a sign-in (${reason}) at ${issuer}, for: ${scope}`)
      return true
    },
    // Only for servers on this machine.
    insecure: allowInsecureLoopback,
  })
  const client = new Client({ name: 'example-agent', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch: auth.fetch })
  try {
    await client.connect(transport as Parameters<Client['connect']>[0])
    for (const name of ['whoami', 'erase']) {
      const { content } = await client.callTool({ name })
      log(`${name}: ${(content as { text: string }[])[0]?.text}`)
    }
  } finally {
    await client.close()
    await auth.signOut()
    auth.close()
  }
}
