import { describe, expect, it, vi } from 'vitest'
import type { ServerSessionClientConfig } from '../../../src/server.js'
import { refusal } from '../../helpers/refusal.js'
import { createServerSessionApp, SAME_ORIGIN } from '../../helpers/server-session-app.js'
import { useServerSessionStores } from '../../helpers/server-session-stores.js'
import { later, useClocks } from '../../helpers/session-app.js'

const stores = useServerSessionStores()

useClocks()

/** Requests that no response waits for: revocations, and refreshes (of those who are gone, here). */
const isInBackground = ([input, init]: Parameters<typeof globalThis.fetch>) =>
  String(input).includes('revoke') || `${init?.body}`.includes('grant_type=refresh_token')

/**
 * A host that freezes when the response is there and the work that it was given is done: from then on no request of it is
 * sent, and no answer arrives. Requests in the background take longer than the response.
 */
function createHost(fetch: typeof globalThis.fetch, waits: boolean) {
  const work: Promise<unknown>[] = []
  let isFrozen = false
  let respond = () => {}
  let responded = Promise.resolve()
  const never = new Promise<never>(() => {})
  return {
    fetch: async (...given: Parameters<typeof globalThis.fetch>) => {
      if (isInBackground(given)) await responded
      if (isFrozen) return never
      const answer = await fetch(...given)
      return isFrozen ? never : answer
    },
    ...(waits && { waitUntil: (one: Promise<unknown>) => void work.push(one) }),
    /** Serves one request. */
    async serve<T>(handler: () => Promise<T>): Promise<T> {
      isFrozen = false
      responded = new Promise((resolve) => {
        respond = resolve
      })
      try {
        return await handler()
      } finally {
        isFrozen = !work.length
        respond()
        for (const one of work) await one
        work.length = 0
        isFrozen = true
      }
    },
  }
}

describe.each(['memory', 'redis', 'cookie'] as const)('on a host that freezes after the response, with %s', (name) => {
  function create(waits: boolean, config: Partial<ServerSessionClientConfig> = {}) {
    const app = createServerSessionApp(() => stores[name](), config)
    const { fetch, waitUntil, serve } = createHost(app.server.fetch, waits)
    const auth = app.open({ fetch, ...(waitUntil && { waitUntil }) })
    return { app, auth, browser: app.browser(auth), serve }
  }

  it.each([
    [true, 2],
    [false, 0],
  ])('the tokens of a session that a limit has ended are revoked: with waitUntil %s, %d', async (waits, revoked) => {
    const { app, browser, serve } = create(waits, { idleSeconds: 600 })
    await serve(() => browser.signIn())
    later(700)
    expect(await serve(() => browser.session())).toBeUndefined()
    expect(app.revoked()).toHaveLength(revoked)
  })

  it.each([
    [true, 2],
    [false, 0],
  ])('so are those of another user: with waitUntil %s, %d', async (waits, revoked) => {
    const { app, browser, serve } = create(waits)
    await serve(() => browser.signIn())
    app.server.faults.claims = { sub: 'bob' }
    await serve(() => browser.signIn())
    expect(app.revoked()).toHaveLength(revoked)
  })

  it.each([
    [true, 1],
    [false, 0],
  ])('a refresh whose request is over is completed: with waitUntil %s, %d', async (waits, completed) => {
    const { app, auth, browser, serve } = create(waits)
    await serve(() => browser.signIn())
    later(3700)
    const leaving = new AbortController()
    const request = browser.request('/')
    auth.subscribe(({ type }) => type === 'refresh_started' && leaving.abort())
    await serve(() => refusal(auth.getAccessToken(request, { signal: leaving.signal }), 'aborted'))
    expect(app.types().filter((type) => type === 'tokens_refreshed')).toHaveLength(completed)
  })
})

it('gives the host the whole of a callback and a sign-out, which it may cancel when the browser leaves', async () => {
  const work: Promise<unknown>[] = []
  const app = createServerSessionApp(() => stores.memory(), { waitUntil: (one) => void work.push(one) })
  const browser = app.browser()
  const callback = await browser.leave()
  const answered = app.auth.handle(browser.request(callback.href))
  expect(work).toHaveLength(1)
  browser.visitor.receive((await answered)!.headers)
  const before = work.length
  await browser.visit('/auth/sign-out', { method: 'POST', headers: SAME_ORIGIN })
  expect(work.length).toBeGreaterThan(before)
  await Promise.all(work)
})

it('shows the host no error, and survives one of it', async () => {
  const work: Promise<unknown>[] = []
  const shown = vi.spyOn(console, 'error').mockImplementation(() => {})
  const app = createServerSessionApp(() => stores.memory(), {
    waitUntil(one) {
      work.push(one)
      throw new Error('outside of a request')
    },
  })
  const browser = app.browser()
  await browser.signIn()
  expect(await browser.session()).toBeDefined()
  expect((await browser.visit('/auth/callback?code=x&state=y')).status).toBe(400)
  await expect(Promise.all(work)).resolves.toBeDefined()
  expect(shown).toHaveBeenCalledWith(expect.objectContaining({ message: 'outside of a request' }))
  shown.mockRestore()
})

it('is a function', async () => {
  const create = () => createServerSessionApp(() => stores.memory(), { waitUntil: 'later' as never })
  expect((await refusal(create, 'config_invalid')).message).toContain('waitUntil')
})
