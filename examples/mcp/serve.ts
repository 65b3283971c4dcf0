import { runAgent } from './agent.js'
import { startMcpServer } from './mcp-server.js'
import { startMcpProvider } from './provider.js'

const { issuer, close } = await startMcpProvider()
const { url, close: stop } = await startMcpServer(issuer)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
console.log(`The MCP server is ${url}. Any name and password will do.\n`)
try {
  await runAgent({ url })
} finally {
  await stop()
  await close()
}
