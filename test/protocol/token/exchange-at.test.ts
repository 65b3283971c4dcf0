import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClient, exchangeAt, memoryVault } from '../../../src/index.js'
import { refusal } from '../../helpers/refusal.js'
import { createServer } from '../../helpers/server.js'
import { travelBy } from '../../helpers/sign-in-attempt.js'

const OWN = 'https://app.example'
afterEach(() => vi.unstubAllGlobals())

/** A sign-in whose exchange goes to this path. @param origin of the page; where it is undefined, there is none */
function createApp(path: string, origin: string | undefined) {
  if (origin) vi.stubGlobal('location', { origin, href: `${OWN}/callback` })
  const server = createServer()
  const sent: string[] = []
  let left = false
  const auth = createClient({
    issuer: server.issuer,
    clientId: 'spa',
    redirectUri: `${OWN}/callback`,
    scope: 'openid',
    exchange: exchangeAt(path),
    vault: memoryVault(),
    userAgent: travelBy((url) => {
      left = true
      return server.visit(url)
    }),
    fetch: async (input, init) => {
      if (String(input).startsWith(server.issuer)) return server.fetch(input, init)
      sent.push(String(input))
      return Response.json({ claims: { sub: 'ada' } })
    },
  })
  return { auth, sent, left: () => left }
}

describe('the exchange goes', () => {
  it.each([
    ['/auth/exchange', OWN, `${OWN}/auth/exchange`],
    ['auth/exchange?a=1', OWN, `${OWN}/auth/exchange?a=1`],
    [`${OWN}/auth/exchange`, OWN, `${OWN}/auth/exchange`],
    ['/auth/exchange', undefined, `${OWN}/auth/exchange`],
    ['/auth/exchange', 'capacitor://localhost', 'capacitor://localhost/auth/exchange'],
  ])('from %s of %s to %s', async (path, origin, url) => {
    const { auth, sent } = createApp(path, origin)
    await expect(auth.signIn()).resolves.toHaveProperty('claims.sub', 'ada')
    expect(sent).toEqual([url])
  })
})

describe('the exchange is refused before the person leaves, and nothing is sent', () => {
  it.each([
    ['https://evil.example/auth/exchange', OWN],
    ['https://evil.example/auth/exchange', undefined],
    ['//evil.example/auth/exchange', OWN],
    ['\\\\evil.example/auth/exchange', OWN],
    ['/\t/evil.example/auth/exchange', OWN],
    [`${OWN}.evil.example/`, OWN],
    [`${OWN}@evil.example/`, OWN],
    [`${OWN}:8443/auth/exchange`, OWN],
    ['http://app.example/auth/exchange', OWN],
    [`blob:${OWN}/1`, OWN],
    ['javascript:0', OWN],
    ['data:,x', OWN],
    ['http://', OWN],
    // A page of an opaque origin has no path of its own.
    ['/auth/exchange', 'null'],
    ['data:,x', 'null'],
  ])('for %s of %s', async (path, origin) => {
    const { auth, sent, left } = createApp(path, origin)
    const error = await refusal(auth.signIn(), 'config_invalid')
    expect(error.message).toContain('exchangeAt')
    expect([left(), sent]).toEqual([false, []])
  })

  it('for whatever leads elsewhere: what is sent is sent to the own origin', async () => {
    const part = fc.constantFrom('/', '\\', '\t', '.', ':', '@', '?', '#', 'https:', 'evil.example', 'app.example', 'a')
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const { auth, sent } = createApp(parts.join(''), OWN)
        await auth.signIn().catch(({ code }) => expect(code).toBe('config_invalid'))
        for (const url of sent) expect(new URL(url).origin).toBe(OWN)
      }),
    )
  })
})
