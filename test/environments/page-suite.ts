import { afterAll, beforeAll, expect, it } from 'vitest'
import { allowInsecureLoopback, createSessionClient, dpop, sealedSessions, type UserAgent } from '../../src/index.js'
import { listen } from '../helpers/loopback.js'
import { createServer } from '../helpers/server.js'

/** A whole sign-in in a page that a test runner imitates, with its `fetch` over a real connection. */
export function describePage(environment: string): void {
  let server: ReturnType<typeof createServer>
  let close: () => Promise<void>
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
    const listening = await listen(async (request, response) => {
      response
        .setHeader('access-control-allow-origin', '*')
        .setHeader('access-control-allow-headers', 'dpop, content-type')
      if (request.method === 'OPTIONS') return response.writeHead(204).end()
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const init = { method: request.method ?? 'GET', headers: request.headers as Record<string, string> }
      const body = new URLSearchParams(Buffer.concat(chunks).toString())
      const answer = await server.fetch(
        `${server.issuer}${request.url}`,
        init.method === 'POST' ? { ...init, body } : init,
      )
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(Buffer.from(await answer.arrayBuffer()))
    })
    close = listening.close
    server = createServer({}, `http://127.0.0.1:${listening.port}`)
  })
  afterAll(() => close())

  it(`is ${environment}`, () => {
    expect(navigator.userAgent.toLowerCase().replace('-', '')).toContain(environment.replace('-', ''))
  })

  it.each([
    ['bearer', {}],
    ['with DPoP', { dpop: dpop() }],
  ])('signs in, keeps the session and signs out, %s', async (_, more) => {
    if ('dpop' in more) server.faults.token = { token_type: 'DPoP' }
    const auth = clientWith(more)
    await auth.signIn({ returnTo: '/orders' })
    history.replaceState(null, '', server.authorize(sentTo))
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
