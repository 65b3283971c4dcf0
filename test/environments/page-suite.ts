import { afterAll, beforeAll, expect, it } from 'vitest'
import { allowInsecureLoopback, createSessionClient, dpop, sealedSessions, type UserAgent } from '../../src/index.js'
import { type ListeningTestServer, listenTestServer } from '../../src/testing-node.js'

/** A whole sign-in in a page that a test runner imitates, with its `fetch` over a real connection. */
export function describePage(environment: string): void {
  let server: ListeningTestServer
  const redirectUri = `${location.origin}/callback`
  /** What a real page would be sent to. */
  let sentTo: URL
  const userAgent: UserAgent = {
    name: 'imitated',
    async open(attempt) {
      sentTo = (await attempt.begin()).url
    },
  }
  const clientWith = (more: object = {}) =>
    createSessionClient({
      ...{ issuer: server.issuer, clientId: 'spa', redirectUri, scope: 'openid', insecure: allowInsecureLoopback },
      ...{ sessionStore: sealedSessions(), userAgent, navigate: () => {}, ...more },
    })

  beforeAll(async () => {
    server = await listenTestServer()
  })
  afterAll(() => server.close())

  it(`is ${environment}`, () => {
    expect(navigator.userAgent.toLowerCase().replace('-', '')).toContain(environment.replace('-', ''))
  })

  it.each([
    ['bearer', {}],
    ['with DPoP', { dpop: dpop() }],
  ])('signs in, keeps the session and signs out, %s', async (_, more) => {
    const auth = clientWith(more)
    await auth.signIn({ returnTo: '/orders' })
    history.replaceState(null, '', await server.visit(sentTo))
    const started = await auth.start()
    expect(started).toMatchObject({ type: 'signed_in', claims: { sub: 'ada' } })
    expect(location.search).toBe('')
    expect(await auth.getAccessToken()).toMatch(/^access-/)
    auth.close()

    const reloaded = clientWith(more)
    expect((await reloaded.restore())?.claims?.sub).toBe('ada')
    await reloaded.signOut()
    expect(reloaded.session).toBeUndefined()
    reloaded.close()
  })
}
