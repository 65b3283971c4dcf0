// @vitest-environment happy-dom
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { goTo } from '../helpers/page.js'
import { createSessionApp } from '../helpers/session-app.js'

beforeEach(() => {
  vi.stubGlobal('BroadcastChannel', undefined)
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  goTo('https://app.example/')
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

let asking = 0

const open = async (expires_in: unknown) => {
  const app = createSessionApp({ token: { expires_in } })
  const { auth, events } = app.tab({
    fetch: async (...request) => {
      asking++
      return app.server.fetch(...request).finally(() => asking--)
    },
  })
  // What is done with an answer takes time of its own: digests run beside this thread.
  auth.subscribe(({ type }) => {
    if (type === 'refresh_started') asking++
    if (type === 'tokens_refreshed' || type === 'refresh_failed') asking--
  })
  await auth.signIn()
  await auth.restore()
  return { app, auth, events }
}
/** Time passes no faster than what is under way can be done. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await vi.advanceTimersByTimeAsync(1000)
    for (let turn = 0; turn < 5 || asking; turn++) await setImmediate()
  }
}

it.each([0, 1, 5, 30])('an idle page asks at most once a minute where tokens last %i seconds', async (seconds) => {
  const { app, auth } = await open(seconds)
  await pass(10)
  expect(app.refreshes()).toBeLessThanOrEqual(1)
  await pass(590)
  expect(app.refreshes()).toBeGreaterThanOrEqual(8)
  expect(app.refreshes()).toBeLessThanOrEqual(10)
  auth.close()
})

it('a token that came expired is given out for a minute: another one would be no better', async () => {
  const { app, auth } = await open(0)
  const token = await auth.getAccessToken()
  for (let second = 0; second < 55; second++) {
    expect(await auth.getAccessToken()).toBe(token)
    await pass(1)
  }
  expect(app.refreshes()).toBe(1)
  await pass(6)
  expect(await auth.getAccessToken()).not.toBe(token)
  expect(app.refreshes()).toBe(2)
  auth.close()
})

it('one that lasts five seconds is not given out for longer', async () => {
  const { app, auth } = await open(5)
  const token = await auth.getAccessToken()
  await pass(5)
  expect(await auth.getAccessToken()).not.toBe(token)
  expect(app.refreshes()).toBe(1)
  auth.close()
})

it.each([1e300, Number.MAX_VALUE])('one that lasts for ever (%s) is taken for a year', async (expires_in) => {
  const { auth } = await open(expires_in)
  const years = (Number(auth.session?.expiresAtMs) - Date.now()) / 31_536_000_000
  expect(years).toBeCloseTo(1, 3)
  auth.close()
})
