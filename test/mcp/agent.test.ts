import { afterAll, beforeAll, expect, test } from 'vitest'
import '../../examples/demo/quiet.js'
import { callTool, connectAgent, createAgentAuth } from '../../examples/mcp-agent/agent.js'
import { startMcpServer } from '../../examples/mcp-agent/mcp-server.js'
import type { SignInRequest } from '../../src/mcp.js'
import { createPerson } from '../helpers/person.js'

let server: Awaited<ReturnType<typeof startMcpServer>>
beforeAll(async () => {
  server = await startMcpServer()
})
afterAll(() => server.close())

/** Signs in, and lets the browser come back to the agent. */
const person = () => {
  const { travel } = createPerson()
  return async (url: string) => {
    const callback = await travel(url, `${new URL(url).searchParams.get('redirect_uri')}`)
    await fetch(callback)
  }
}

test('a command line agent that knows only a URL signs in, calls a tool, and steps up for another', async () => {
  const asked: SignInRequest[] = []
  const pages: URL[] = []
  const visit = person()
  const auth = createAgentAuth({
    url: server.url,
    confirmSignIn: (request) => asked.push(request) > 0,
    open: (url) => {
      pages.push(new URL(url))
      return visit(url)
    },
  })
  const client = await connectAgent(server.url, auth)
  expect(await callTool(client, 'whoami')).toBe('ada')
  expect(pages.map(({ searchParams }) => searchParams.get('resource'))).toEqual([server.url])

  expect(await callTool(client, 'delete_notes')).toBe('deleted')
  expect(asked.map(({ reason, issuer, resource }) => ({ reason, issuer, resource }))).toEqual([
    { reason: 'login_required', issuer: server.issuer, resource: server.url },
    { reason: 'insufficient_scope', issuer: server.issuer, resource: server.url },
  ])
  // The union: what it had is not lost.
  expect(asked[1]?.scope?.split(' ')).toEqual(expect.arrayContaining(['notes:read', 'notes:delete']))
  expect(await callTool(client, 'whoami')).toBe('ada')
  await client.close()
  await auth.signOut()
  expect(auth.session).toBeUndefined()
})

test('without the consent of the app nobody is asked to sign in: the error has signIn()', async () => {
  let opened = 0
  const visit = person()
  const auth = createAgentAuth({
    url: server.url,
    confirmSignIn: undefined,
    open: (url) => {
      opened++
      return visit(url)
    },
  })
  const error = await connectAgent(server.url, auth).catch((error) => error)
  expect({ code: error.code, opened }).toEqual({ code: 'login_required', opened: 0 })
  await error.signIn()
  const client = await connectAgent(server.url, auth)
  expect(await callTool(client, 'whoami')).toBe('ada')
  await client.close()
})

test('an agent without a browser signs in on another device', async () => {
  const auth = createAgentAuth({
    url: server.url,
    confirmSignIn: () => true,
    open: () => expect.unreachable(),
    onPrompt: async ({ verificationUriComplete = '' }) => {
      // It ends on a page without a form.
      await createPerson()
        .travel(verificationUriComplete, 'https://nowhere.example/')
        .catch(() => {})
    },
  })
  const client = await connectAgent(server.url, auth)
  expect(await callTool(client, 'whoami')).toBe('ada')
  await client.close()
})
