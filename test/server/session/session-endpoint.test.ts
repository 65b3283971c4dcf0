import { describe, expect, it } from 'vitest'
import { ProofkeyError } from '../../../src/errors.js'
import { memoryServerSessions } from '../../../src/server.js'
import { createServerSessionApp } from '../../helpers/server-session-app.js'
import { later, useClocks } from '../../helpers/session-app.js'

useClocks()

describe('GET /auth/session', () => {
  it('says when and in how long the session ends: the clock of the page may be wrong', async () => {
    const browser = createServerSessionApp(memoryServerSessions, { idleSeconds: 600 }).browser()
    await browser.signIn()
    const startedAtMs = Date.now()
    later(100)
    expect(await (await browser.visit('/auth/session')).json()).toEqual({
      session: {
        claims: expect.objectContaining({ sub: 'ada' }),
        scope: 'openid',
        startedAtMs,
        endsAtMs: startedAtMs + 600_000,
        endsInMs: 500_000,
      },
    })
  })

  it('answers errors with JSON that names them, which other endpoints answer as the app wants', async () => {
    const gone = new ProofkeyError('storage_unavailable', 'The store is away.', 'Try again.', { retryable: true })
    let isGone = false
    const sessions = memoryServerSessions()
    const store = {
      ...sessions,
      open: (...given: Parameters<typeof sessions.open>) => (isGone ? Promise.reject(gone) : sessions.open(...given)),
    }
    const errorResponse = () => new Response('<h1>Sorry</h1>', { status: 500 })
    const browser = createServerSessionApp(() => store, { errorResponse }).browser()
    await browser.signIn()
    isGone = true
    const response = await browser.visit('/auth/session')
    expect([response.status, response.headers.get('cache-control')]).toEqual([503, 'no-store'])
    expect(await response.json()).toMatchObject({ code: 'storage_unavailable', retryable: true })
    expect(await (await browser.visit('/auth/sign-in')).text()).toBe('<h1>Sorry</h1>')
  })
})
