import { test as base, expect } from '@playwright/test'
// In an app of yours: from 'proofkey/testing-node'.
import { type ListeningTestServer, listenTestServer } from '../../../src/testing-node.js'
import { serveApp } from './app-server.js'

const test = base.extend<{ server: ListeningTestServer; app: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
  server: async ({}, use) => {
    const server = await listenTestServer()
    await use(server)
    await server.close()
  },
  app: async ({ server }, use) => {
    const app = await serveApp(server.issuer)
    await use(app.url)
    app.close()
  },
})

test('a user signs in', async ({ page, server, app }) => {
  server.approve({ sub: 'ada', name: 'Ada' })
  await page.goto(app)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.locator('body')).toContainText('Ada')
  expect(server.requests.map(({ endpoint }) => endpoint)).toEqual(['metadata', 'authorization', 'token'])
})

for (const [name, prepare, code] of [
  [
    'denies',
    (server) => server.next('authorization', { callback: { code: undefined, error: 'access_denied' } }),
    'access_denied',
  ],
  ['comes back from another server', (server) => server.attack('mix_up'), 'callback_issuer_mismatch'],
  ['brings an injected code', (server) => server.attack('code_injected'), 'token_request_refused'],
  ['meets a server without CORS', (server) => server.always('token', { failure: 'cors' }), 'network_error'],
] as const satisfies readonly [string, (server: ListeningTestServer) => void, string][])
  test(`a user ${name}`, async ({ page, server, app }) => {
    prepare(server)
    await page.goto(app)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveTitle(code)
    await expect(page.locator('body')).toContainText('Nobody')
  })
