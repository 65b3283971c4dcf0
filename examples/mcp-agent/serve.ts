import '../demo/quiet.js'
import { createInterface } from 'node:readline/promises'
import open from 'open'
import { callTool, connectAgent, createAgentAuth } from './agent.js'
import { startMcpServer } from './mcp-server.js'

const { url, close } = await startMcpServer()
/** What a server says comes from elsewhere, and control characters are commands to a terminal. */
const printable = (text: unknown) => `${text}`.replace(/\p{C}/gu, '')

const auth = createAgentAuth({
  url,
  async confirmSignIn({ issuer, resource, scope }) {
    const question = `${resource} wants you to sign in at ${issuer}, for: ${scope ?? 'no scope'}. Continue? (y/n) `
    const terminal = createInterface({ input: process.stdin, output: process.stdout })
    try {
      return /^y/i.test(await terminal.question(printable(question)))
    } finally {
      terminal.close()
    }
  },
  async open(page) {
    console.log(`Open this link on this machine; any name and password will do:\n\n  ${page}\n`)
    await open(page).catch(() => {})
  },
  onPrompt: process.argv.includes('--device')
    ? ({ userCode, verificationUri }) => console.log(printable(`Open ${verificationUri} and enter ${userCode}`))
    : undefined,
})
try {
  const client = await connectAgent(url, auth)
  console.log(printable(`Signed in as ${await callTool(client, 'whoami')}.`))
  console.log(printable(`The notes are ${await callTool(client, 'delete_notes')}.`))
  await client.close()
} finally {
  await auth.signOut()
  await close()
}
