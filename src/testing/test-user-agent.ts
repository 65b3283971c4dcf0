import type { UserAgent } from '../user-agents/user-agent.js'
import { pageVault } from '../vault/page-memory.js'
import type { TestServer } from './server/test-server.js'

/**
 * A user agent for a client under test: in place of leaving the page, `signIn()` visits the test server and completes the sign-in
 * with the callback. It works without a page.
 * @example
 * ```ts
 * import { createClient, memoryVault } from 'proofkey'
 * import { createTestServer, testUserAgent } from 'proofkey/testing'
 *
 * const server = createTestServer()
 * const auth = createClient({
 *   issuer: server.issuer,
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   scope: 'openid',
 *   fetch: server.fetch,
 *   vault: memoryVault(),
 *   userAgent: testUserAgent(server),
 * })
 * console.log((await auth.signIn())?.claims?.sub)
 * ```
 */
export function testUserAgent(server: Pick<TestServer, 'visit'>): UserAgent {
  return {
    name: 'test',
    memory: pageVault(),
    open: async ({ begin, complete }) => complete((await server.visit((await begin()).url)).href),
  }
}
