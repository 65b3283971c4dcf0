import { afterEach, describe, expect, it } from 'vitest'
import { allowInsecureLoopback, createClient, memoryVault } from '../../src/index.js'
import { testUserAgent } from '../../src/testing.js'
import { type ListeningTestServer, listenTestServer } from '../../src/testing-node.js'

const open: ListeningTestServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})
async function start() {
  const server = await listenTestServer()
  open.push(server)
  return server
}

describe('listenTestServer', () => {
  it('signs in over the network', async () => {
    const server = await start()
    const { hostname } = new URL(server.issuer)
    expect(hostname).toBe('127.0.0.1')
    /** The browser: it follows to the callback, which nobody serves here. */
    const visit = async (url: URL | string) => {
      const { headers } = await fetch(url, { redirect: 'manual' })
      return new URL(headers.get('location') ?? '')
    }
    const auth = createClient({
      issuer: server.issuer,
      insecure: allowInsecureLoopback,
      clientId: 'app',
      redirectUri: 'https://app.example/callback',
      scope: 'openid',
      vault: memoryVault(),
      userAgent: testUserAgent({ visit }),
    })
    expect((await auth.signIn())?.claims?.sub).toBe('ada')
    server.next('token', { failure: 'network' })
    await expect(auth.signIn()).rejects.toMatchObject({ code: 'network_error' })
  })

  it('allows every origin, but for the fault that says otherwise', async () => {
    const { issuer, next } = await start()
    const origin = async () => (await fetch(`${issuer}/jwks`)).headers.get('access-control-allow-origin')
    expect(
      (await fetch(`${issuer}/token`, { method: 'OPTIONS' })).headers.get('access-control-allow-headers'),
    ).toContain('dpop')
    expect(await origin()).toBe('*')
    next('jwks', { failure: 'cors' })
    expect(await origin()).toBeNull()
    expect(await origin()).toBe('*')
  })

  it('fails on a port that is taken', async () => {
    const { issuer } = await start()
    await expect(listenTestServer({ port: Number(new URL(issuer).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
