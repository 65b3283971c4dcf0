import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
// In an app of yours: from 'proofkey/mcp' and 'proofkey/node'.
import {
  allowInsecureLoopback,
  createMcpAuth,
  deviceGrant,
  type McpAuth,
  type McpAuthConfig,
  memoryRegistrations,
  memoryVault,
} from '../../src/mcp.js'
import { type DevicePrompt, loopback } from '../../src/node.js'

export interface AgentOptions {
  readonly url: string
  readonly confirmSignIn: McpAuthConfig['confirmSignIn']
  /** Opens the user's browser. */
  readonly open: (url: string) => unknown
  /** The device grant, for where no browser can come back to this machine. */
  readonly onPrompt?: ((prompt: DevicePrompt) => unknown) | undefined
}

/** Knows nothing but the URL of the MCP server. */
export const createAgentAuth = ({ url, confirmSignIn, open, onPrompt }: AgentOptions): McpAuth =>
  createMcpAuth({
    url,
    confirmSignIn,
    redirectUri: 'http://127.0.0.1/callback',
    userAgent: loopback({ open }),
    device: onPrompt && deviceGrant({ onPrompt }),
    vault: memoryVault(),
    register: { clientName: 'Notes agent' },
    registrations: memoryRegistrations(),
    // Only for servers on this machine.
    insecure: allowInsecureLoopback,
  })

/** A client of the MCP SDK whose requests are sent by proofkey. */
export async function connectAgent(url: string, { fetch }: Pick<McpAuth, 'fetch'>): Promise<Client> {
  const client = new Client({ name: 'notes-agent', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: fetch as never }) as never)
  return client
}

/** @returns the text that the tool answers */
export async function callTool(client: Client, name: string): Promise<string> {
  const { content } = await client.callTool({ name })
  return (content as { readonly text?: string }[]).map(({ text = '' }) => text).join('\n')
}
