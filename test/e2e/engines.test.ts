import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type DpopSite, dpopSite } from './dpop-site.js'
import { ENGINES, type Engine } from './engines.js'
import type {} from './session-page.js'
import { signInAtProvider, type Tab, until } from './tab.js'

declare global {
  /** Survives in the back/forward cache only. */
  var mark: boolean | undefined
}

let site: DpopSite
beforeAll(async () => {
  site = await dpopSite()
})
afterAll(() => site?.close())

describe.each(ENGINES)('in %s, a session with a key, in sealed storage', (name, start) => {
  let engine: Engine
  let tab: Tab
  let callback: string

  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine?.stop())
  beforeEach(async () => {
    callback = `${site.url}/callback`
    tab = await engine.newTab()
  })
  afterEach(() => tab.close().catch(() => {}))

  const token = (on = tab) => on.evaluate(() => told(() => auth.getAccessToken())) as Promise<string>
  const freshToken = (on = tab) =>
    on.evaluate(() => told(() => auth.getAccessToken({ fresh: true }))) as Promise<string>
  const subject = (on = tab) => on.evaluate(() => auth.session?.claims?.sub)
  const restored = (on = tab) => on.evaluate(async () => (await auth.restore())?.claims?.sub)
  const reported = () => tab.evaluate(() => events.map(({ type }) => type))
  const keyOf = async (accessToken: string) => (await site.provider.AccessToken.find(accessToken))?.['jkt']

  async function openApp(): Promise<Tab> {
    const other = await engine.newTab()
    await other.goto(site.url)
    return other
  }

  /** To the callback page, with its result taken. The provider knows the person from the second time on. */
  async function signIn(): Promise<void> {
    await tab.goto(site.url)
    await tab.evaluate(() => void auth.signIn())
    const asked = await until('the provider, or the callback', () =>
      tab.evaluate((callback) => {
        if (document.readyState !== 'complete') return undefined
        if (document.querySelector('[name=login]')) return 'to sign in'
        return location.href.startsWith(callback) ? 'nothing' : undefined
      }, callback),
    )
    if (asked === 'to sign in') await signInAtProvider(tab, callback)
    expect(await tab.evaluate(() => told(async () => (await auth.handleCallback())?.claims?.sub))).toBe('ada')
  }

  /** To another site and to the app again. The page that was left waits in the back/forward cache. */
  async function leaveAndReturn(): Promise<void> {
    await tab.goto(`${site.issuer}/elsewhere`)
    await tab.goto(site.url)
  }

  it('outlives a reload, is shared by tabs, and is refreshed for all of them', async () => {
    await signIn()
    const first = await token()
    expect(await keyOf(first)).toMatch(/^[\w-]{43}$/)
    await tab.reload()
    expect(await restored()).toBe('ada')
    expect(await token()).toBe(first)
    const other = await openApp()
    expect(await restored(other)).toBe('ada')
    const second = await freshToken(other)
    expect(second).not.toBe(first)
    expect(await keyOf(second)).toBe(await keyOf(first))
    await until('the new token', async () => (await token()) === second || undefined)
    await other.close()
  })

  it('outlives a restart of the browser, with its key', async () => {
    await signIn()
    const before = await token()
    await engine.restart()
    tab = await openApp()
    expect(await restored()).toBe('ada')
    const after = await freshToken()
    expect(after).not.toBe(before)
    expect(await keyOf(after)).toBe(await keyOf(before))
  })

  it('ends in all tabs, and for good', async () => {
    await signIn()
    const other = await openApp()
    expect(await restored(other)).toBe('ada')
    await tab.evaluate(() => auth.signOut())
    await until('the end', async () => !(await subject(other)) || undefined)
    expect(await token(other)).toHaveProperty('code', 'login_required')
    await tab.reload()
    expect(await restored()).toBeUndefined()
    await other.close()
  })

  it('works in a page that comes back from the back/forward cache', async () => {
    await signIn()
    const before = await token()
    await tab.evaluate(() => {
      globalThis.mark = true
    })
    await tab.goto(`${site.issuer}/elsewhere`)
    await tab.back()
    await tab.arrive(callback)
    expect(await tab.evaluate(() => globalThis.mark)).toBe(true)
    const after = await freshToken()
    expect(after).not.toBe(before)
    expect(await keyOf(after)).toBe(await keyOf(before))
    await tab.goto(site.url)
    expect(await restored()).toBe('ada')
  })

  it('is over in a page that comes back after a sign-out, and its result is not handed out again', async () => {
    await signIn()
    expect(await tab.evaluate(async () => !!(await auth.handleCallback()))).toBe(true)
    await tab.evaluate(() => {
      globalThis.mark = true
    })
    await tab.goto(site.url)
    expect(await restored()).toBe('ada')
    await tab.evaluate(() => auth.signOut())
    await tab.back()
    await tab.arrive(callback)
    // The others drop a page from the cache when a message comes for it.
    expect(await tab.evaluate(() => globalThis.mark)).toBe(name === 'WebKitGTK' || undefined)
    expect(await tab.evaluate(async () => !!(await auth.handleCallback()))).toBe(false)
    await until('the end', async () => !(await subject()) || undefined)
  })

  describe('is there in the next page, whatever the last one did', () => {
    it.each(['pagehide', 'visibilitychange', 'beforeunload, freeze, unload'])('at %s', async (events) => {
      await signIn()
      await tab.evaluate((events) => {
        // Reads the session and its key, and begins to store a sign-in.
        const work = () => {
          auth.restore()
          auth.signIn({ userAgent: { name: 'none', open: async ({ begin }) => void (await begin()) } }).catch(() => {})
        }
        for (const event of events.split(', '))
          (event === 'visibilitychange' ? document : window).addEventListener(event, work)
      }, events)
      await leaveAndReturn()
      expect(await restored()).toBe('ada')
      expect(await keyOf(await freshToken())).toMatch(/./)
      expect(await reported()).not.toContain('session_not_stored')
    })

    it('while it wrote without a pause', async () => {
      await signIn()
      for (let time = 0; time < 3; time++) {
        await tab.evaluate(() => {
          const write = () =>
            auth.signIn({ userAgent: { name: 'none', open: async ({ begin }) => void (await begin()) } })
          const read = () => auth.restore()
          const forever = async (work: () => Promise<unknown>) => {
            for (;;) await work().catch(() => {})
          }
          forever(write)
          forever(read)
        })
        await sleep(100)
        await leaveAndReturn()
        expect(await restored()).toBe('ada')
      }
      await signIn()
    })
  })

  // Chromium and Firefox end such a transaction.
  if (name === 'WebKitGTK')
    it.each(['pagehide', 'visibilitychange'])(
      'would be lost after a transaction that began at %s and was left alone',
      async (event) => {
        await signIn()
        await tab.evaluate(async (event) => {
          const opening = indexedDB.open('proofkey-sessions')
          await new Promise((resolve) => opening.addEventListener('success', resolve))
          const target = event === 'visibilitychange' ? document : window
          const begin = () => opening.result.transaction('sessions', 'readwrite').objectStore('sessions').get('nobody')
          target.addEventListener(event, begin, { once: true })
        }, event)
        await leaveAndReturn()
        expect(await restored()).toBeUndefined()
      },
    )
})
