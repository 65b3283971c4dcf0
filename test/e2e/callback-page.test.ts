import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signInAtProvider as signInByPage } from './browser.js'
import { type Person, useFirefox } from './firefox.js'
import { type HostileSite, hostileSite } from './hostile-site.js'
import type { Outcome } from './page.js'
import { startRealBrowser } from './real-browser.js'
import { signInAtProvider, type Tab, until } from './tab.js'

/** What both drivers can do. */
interface Window {
  goto(url: string): Promise<unknown>
  back(): Promise<unknown>
  arrive(start: string): Promise<unknown>
  evaluate: Tab['evaluate']
  /** Clicks the button, and waits for the window that it opens. */
  opens(start: string): Promise<Window>
  /** Signs in at the provider, until the callback page is there. */
  signIn(callback: string): Promise<unknown>
}

declare global {
  var collected: string[]
  var work: Promise<Outcome>
  var patched: string[]
}

let site: HostileSite
const start = async () => {
  site = await hostileSite()
  return site
}

function inChromium(): () => Promise<Window> {
  const browser = startRealBrowser()
  const windowOf = (page: Page): Window => ({
    goto: (url) => page.goto(url),
    // Playwright waits in vain for the load of a page that was kept alive.
    back: () => page.evaluate(() => history.back()),
    arrive: (start) =>
      until(start, async () => {
        const [url, state] = await page.evaluate(() => [location.href, document.readyState] as const)
        return state === 'complete' && url.startsWith(start) ? url : undefined
      }),
    evaluate: (work, ...given) => page.evaluate(`(${work})(...${JSON.stringify(given)})`),
    async opens(start) {
      const opened = browser.context.waitForEvent('page')
      await page.locator('button').click()
      const window = windowOf(await opened)
      await window.arrive(start)
      return window
    },
    signIn: (callback) => signInByPage(page, callback),
  })
  return async () => windowOf(await browser.newPage(`${site.url}/empty`))
}

function inFirefox(firefox: ReturnType<typeof useFirefox>): () => Promise<Window> {
  const windowOf = (person: Person, tab: Tab): Window => ({
    goto: tab.goto,
    back: tab.back,
    arrive: tab.arrive,
    evaluate: tab.evaluate,
    async opens(start) {
      await tab.click('button')
      const opened = await person.openedBy(tab)
      await opened.arrive(start)
      return windowOf(person, opened)
    },
    signIn: (callback) => signInAtProvider(tab, callback),
  })
  return async () => {
    const person = await firefox.newPerson()
    return windowOf(person, await person.newTab())
  }
}

const firefox = useFirefox(start)

describe.each([
  ['Chromium', inChromium()],
  ['Firefox', inFirefox(firefox)],
])('on the callback page, in %s', (_, open) => {
  let page: Window
  let callback: string

  beforeEach(async () => {
    page = await open()
    callback = `${site.url}/callback`
  })
  afterEach(() => {
    site.arrived.length = 0
    site.arrivedElsewhere.length = 0
  })

  /** Comes back from the provider; the callback page has done nothing yet. @returns its URL */
  async function travel(): Promise<string> {
    await page.goto(site.url)
    await page.evaluate(() => void app.signIn({ returnTo: '/inbox' }))
    await page.arrive(site.issuer)
    await page.signIn(callback)
    return page.evaluate(() => location.href)
  }
  const codeOf = (url: string) => new URL(url).searchParams.get('code') ?? ''
  const handle = () => page.evaluate(() => app.handleCallback())

  it('an injected <base> sends nothing elsewhere, and a path resolved against it would be', async () => {
    const url = await travel()
    const outcome = await page.evaluate(async (elsewhere) => {
      const base = document.createElement('base')
      base.href = `${elsewhere}/`
      document.head.append(base)
      // Markup alone can also put an element in the place of document.baseURI.
      document.body.insertAdjacentHTML('beforeend', '<img name="baseURI">')
      return app.as({ exchange: library.exchangeAt('/auth/exchange') }).handleCallback()
    }, site.elsewhere)
    expect(outcome).toEqual({ sub: 'ada', returnTo: '/inbox' })
    expect(await page.evaluate(() => location.href)).toBe(callback)
    const exchanges = site.arrived.filter((one) => one.url === '/auth/exchange')
    expect(exchanges.map(({ body }) => JSON.parse(body).code)).toEqual([codeOf(url)])
    expect(site.arrivedElsewhere).toEqual([])
    // What happened before.
    await page.evaluate(() => fetch('/auth/exchange', { method: 'POST', body: 'code and verifier' }))
    expect(site.arrivedElsewhere).toMatchObject([{ url: '/auth/exchange', body: 'code and verifier' }])
    // Whoever goes to returnTo as it is goes there too: the security model says how to.
    const ways = await page.evaluate((path) => {
      const link = document.createElement('a')
      link.href = path
      return [link.href, location.origin + path]
    }, '/inbox')
    expect(ways).toEqual([`${site.elsewhere}/inbox`, `${site.url}/inbox`])
  })

  it('an exchange with another origin is refused before the person leaves', async () => {
    await page.goto(site.url)
    const tries = [`${site.elsewhere}/x`, site.elsewhere.replace('http:', ''), site.elsewhere.replace('http:', '\\')]
    for (const path of tries) {
      const outcome = await page.evaluate((path) => app.as({ exchange: library.exchangeAt(path) }).signIn(), path)
      expect(outcome, path).toHaveProperty('code', 'config_invalid')
    }
    expect(await page.evaluate(() => location.href)).toBe(`${site.url}/`)
  })

  it('structuredClone and postMessage hand on a key that still gives no bytes', async () => {
    await page.goto(site.url)
    const outcome = await page.evaluate(async () => {
      await new Promise<void>((left) => {
        app.signIn({ userAgent: library.redirect({ navigate: () => left() }) })
      })
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve) => request.addEventListener('success', () => resolve(request.result)))
      const database = await done(indexedDB.open('proofkey'))
      const [record] = await done(database.transaction('sign-ins').objectStore('sign-ins').getAll())
      const { port1, port2 } = new MessageChannel()
      const received = new Promise<CryptoKey>((resolve) => {
        port2.onmessage = ({ data }) => resolve(data)
      })
      port1.postMessage(record.key)
      const keys: CryptoKey[] = [record.key, structuredClone(record.key), await received]
      const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['wrapKey'])
      const aes = { name: 'AES-GCM', iv: new Uint8Array(12) }
      const tries = keys.flatMap((key) => [
        crypto.subtle.exportKey('raw', key),
        crypto.subtle.exportKey('jwk', key),
        crypto.subtle.wrapKey('raw', key, wrapping, aes),
      ])
      const cloned = (value: unknown) => {
        try {
          return typeof structuredClone(value)
        } catch (error) {
          return (error as Error).name
        }
      }
      return {
        refused: (await Promise.allSettled(tries)).map(({ status }) => status),
        texts: keys.map((key) => `${key.extractable} ${JSON.stringify(key)}`),
        // No client hands a key or a verifier out, cloned or walked through.
        client: cloned(
          library.createClient({ issuer: 'https://as.example', clientId: 'a', redirectUri: location.href }),
        ),
      }
    })
    expect(new Set(outcome.refused)).toEqual(new Set(['rejected']))
    expect(outcome.texts).toEqual(Array(3).fill('false {}'))
    expect(outcome.client).toBe('DataCloneError')
  })

  it('document.domain of a sibling opens nothing, for the app sets none', async () => {
    await page.goto(`${site.siblings[0]}/empty`)
    const seen = await page.evaluate(async (url) => {
      const tries: string[] = []
      const frame = document.createElement('iframe')
      frame.src = url
      await new Promise((loaded) => {
        frame.onload = loaded
        document.body.append(frame)
      })
      const look = () => {
        try {
          tries.push(frame.contentWindow?.location.href ?? 'none')
        } catch (error) {
          tries.push((error as Error).name)
        }
      }
      look()
      document.domain = 'app.localhost'
      look()
      return tries
    }, `${site.siblings[1]}/callback?code=c&state=s`)
    expect(seen).toEqual(['SecurityError', 'SecurityError'])
  })

  it('window.name stays what another site has made it: nothing is read or kept there', async () => {
    await page.goto(site.elsewhere)
    await page.evaluate(() => {
      window.name = 'from elsewhere'
    })
    await travel()
    const before = await page.evaluate(() => window.name)
    expect(await handle()).toHaveProperty('sub', 'ada')
    expect(await page.evaluate(() => window.name)).toBe(before)
  })

  it.each(['', '&isolated'])(
    'an opener of another origin hears nothing%s, and would by a message to all',
    async (cut) => {
      await page.goto(site.elsewhere)
      const url = `${callback}?code=c&state=${'s'.repeat(60)}${cut}`
      await page.evaluate((url) => {
        globalThis.collected = []
        addEventListener('message', ({ data }) => collected.push(String(data)))
        document.querySelector('button')?.addEventListener('click', () => window.open(url))
      }, url)
      const opened = await page.opens(callback)
      expect(await opened.evaluate(() => !!window.opener)).toBe(!cut)
      expect(await opened.evaluate(() => library.relayCallback())).toBe(false)
      expect(await opened.evaluate(() => location.href)).toBe(url)
      await opened.evaluate(() => window.opener?.postMessage('to all', '*'))
      const heard = () => page.evaluate(() => globalThis.collected)
      if (!cut) await expect.poll(heard).toEqual(['to all'])
      expect(await heard()).toEqual(cut ? [] : ['to all'])
    },
  )

  it('the history grows by nothing, and going back and forward finds the clean URL', async () => {
    await travel()
    const before = await page.evaluate(() => history.length)
    await handle()
    expect(await page.evaluate(() => history.length)).toBe(before)
    await page.evaluate(() => location.assign('/inbox'))
    await page.arrive(`${site.url}/inbox`)
    await page.back()
    await page.arrive(callback)
    expect(await page.evaluate(() => location.href)).toBe(callback)
    await page.evaluate(() => history.forward())
    await page.arrive(`${site.url}/inbox`)
    expect(site.arrived.find(({ url }) => url === '/inbox')?.referer).toBe(callback)
  })

  it('a page that was left and kept alive (bfcache) does not give the result again', async () => {
    await travel()
    expect(await handle()).toHaveProperty('sub', 'ada')
    await page.evaluate(() => {
      globalThis.collected = ['kept']
    })
    await page.goto(`${site.url}/empty`)
    await page.back()
    await page.arrive(callback)
    expect(await page.evaluate(() => globalThis.collected)).toEqual(['kept'])
    expect(await handle()).toEqual({ nothing: true })
  })

  it('a patched replaceState is given the clean URL, and one that does nothing costs no sign-in', async () => {
    const url = await travel()
    const outcome = await page.evaluate(async () => {
      globalThis.patched = []
      history.replaceState = (_state, _title, to) => void patched.push(String(to), location.href)
      return { outcome: await app.handleCallback(), patched }
    })
    expect(outcome.outcome).toHaveProperty('sub', 'ada')
    // The page's own script can read the code where it stands: no library prevents that.
    expect(outcome.patched).toEqual([callback, url])
    await page.goto(url)
    expect(await handle()).toHaveProperty('code', 'already_completed')
  })

  it('no Referer has the code after the cleaning; requests before it have', async () => {
    const url = await travel()
    await page.evaluate(() => fetch('/early'))
    await handle()
    await page.evaluate(async () => {
      await fetch('/late', { referrerPolicy: 'unsafe-url' })
      await new Promise((done) => {
        const image = new Image()
        image.referrerPolicy = 'unsafe-url'
        image.onerror = done
        image.src = '/image'
      })
      location.assign('/next')
    })
    await page.arrive(`${site.url}/next`)
    const refererOf = (path: string) => site.arrived.find((one) => one.url === path)?.referer
    expect(['/late', '/image', '/next'].map(refererOf)).toEqual(Array(3).fill(callback))
    // Known, in the security model: what the page asks for before `handleCallback()`.
    expect(refererOf('/early')).toBe(url)
    expect(refererOf('/page.js')).toBeDefined()
  })

  it('the timeline of the page keeps the code', async () => {
    const url = await travel()
    await handle()
    // Known, in the security model: no script can change it.
    expect(await page.evaluate(() => performance.getEntriesByType('navigation')[0]?.name)).toBe(url)
  })

  it('a service worker of the origin sees what its pages do: the callback, the code and the verifier', async () => {
    await page.goto(site.url)
    await page.evaluate(async () => {
      await navigator.serviceWorker.register('/worker.js')
      await navigator.serviceWorker.ready
    })
    const url = await travel()
    expect(await handle()).toHaveProperty('sub', 'ada')
    const told = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          navigator.serviceWorker.onmessage = ({ data }) => resolve(data)
          navigator.serviceWorker.controller?.postMessage('tell')
        }),
    )
    // It is script of the origin, and more lasting than a page's: see the security model.
    const { seen, pages } = JSON.parse(told) as { seen: { url: string; body?: string }[]; pages: string[] }
    expect(seen.map((one) => one.url)).toContain(url)
    expect(seen.find((one) => one.url === `${site.issuer}/token`)?.body).toContain(codeOf(url))
    // The URL that a page was loaded with, not the one it shows.
    expect(pages).toEqual([url])
    await withoutWorkers()
  })

  it('a service worker may answer the callback page from its cache, without the query', async () => {
    await page.goto(site.url)
    await page.evaluate(async () => {
      await navigator.serviceWorker.register('/shell.js')
      await navigator.serviceWorker.ready
    })
    const url = await travel()
    expect(await handle()).toHaveProperty('sub', 'ada')
    expect(site.arrived.map((one) => one.url)).not.toContain(url.slice(site.url.length))
    await withoutWorkers()
  })

  const withoutWorkers = () =>
    page.evaluate(async () => {
      for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister()
    })
})
