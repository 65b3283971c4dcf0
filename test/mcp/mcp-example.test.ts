import { IDBFactory } from 'fake-indexeddb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runAgent } from '../../examples/mcp/agent.js'
import { startMcpServer } from '../../examples/mcp/mcp-server.js'
import { startMcpProvider } from '../../examples/mcp/provider.js'
import { createPerson } from '../helpers/person.js'

let as: Awaited<ReturnType<typeof startMcpProvider>>
let mcp: Awaited<ReturnType<typeof startMcpServer>>
beforeAll(async () => {
  globalThis.indexedDB = new IDBFactory()
  as = await startMcpProvider()
  mcp = await startMcpServer(as.issuer)
})
afterAll(async () => {
  await mcp.close()
  await as.close()
})

it('an agent that knows only a URL registers, signs in, calls a tool, and gets more scope for another', async () => {
  const person = createPerson('ada')
  const opened: URL[] = []
  const lines: string[] = []
  const open = async (link: string) => {
    const url = new URL(link)
    opened.push(url)
    await fetch(await person.travel(link, url.searchParams.get('redirect_uri') as string))
  }
  await runAgent({ url: mcp.url, open, log: (line) => lines.push(line) })
  expect(lines).toEqual([
    expect.stringContaining('(login_required)'),
    'whoami: ada',
    expect.stringMatching(/\(insufficient_scope\).*tools:read .*tools:write$/),
    'erase: erased ada',
  ])
  // One registration, one resource, and S256 in both sign-ins.
  expect(new Set(opened.map(({ searchParams }) => searchParams.get('client_id'))).size).toBe(1)
  expect(opened.map(({ searchParams }) => searchParams.get('resource'))).toEqual([mcp.url, mcp.url])
  expect(opened.map(({ searchParams }) => searchParams.get('code_challenge_method'))).toEqual(['S256', 'S256'])
})
