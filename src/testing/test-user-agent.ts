import type { UserAgent } from '../user-agents/user-agent.js'
import { pageVault } from '../vault/page-memory.js'
import type { TestServer } from './server/create-test-server.js'

/**
 * A user agent for a client under test: in place of leaving the page, `signIn()` visits the test server and completes the sign-in
 * with the callback. It works without a page.
 */
export function testUserAgent(server: Pick<TestServer, 'visit'>): UserAgent {
  return {
    name: 'test',
    memory: pageVault(),
    open: async ({ begin, complete }) => complete((await server.visit((await begin()).url)).href),
  }
}
