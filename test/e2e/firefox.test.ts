import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { bareSite } from './browser.js'
import { type Person, useFirefox } from './firefox.js'
import type { Outcome } from './page.js'
import { findSecret, readOrigin } from './sweep.js'
import { signInAtProvider, type Tab } from './tab.js'

declare global {
  var left: string
  var outcome: Promise<Outcome>
}

const firefox = useFirefox(bareSite)
let person: Person
let tab: Tab
let callback: string

beforeEach(async () => {
  person = await firefox.newPerson()
  tab = await person.newTab()
  callback = firefox.callback
})

/** Leaves for the provider and comes back; the callback page has done nothing yet. @returns the callback URL */
async function travel(on = tab): Promise<string> {
  await on.goto(firefox.url)
  await on.evaluate(() => void app.signIn({ returnTo: '/inbox' }))
  await on.arrive(firefox.issuer)
  return signInAtProvider(on, callback)
}

const handle = (on = tab) => on.evaluate(() => app.handleCallback())

describe('in Firefox, a person', () => {
  it('signs in, and the URL is clean', async () => {
    await travel()
    expect(await handle()).toEqual({ sub: 'ada', returnTo: '/inbox' })
    expect(await tab.url()).toBe(callback)
    expect(firefox.tokenRequests).toHaveLength(1)
  })

  it('meets a component that handles the callback twice (StrictMode)', async () => {
    await travel()
    const both = await tab.evaluate(() => Promise.all([app.handleCallback(), app.handleCallback()]))
    expect(both).toEqual([both[0], both[0]])
    expect(both[0]).toHaveProperty('sub', 'ada')
    expect(firefox.tokenRequests).toHaveLength(1)
  })

  it('opens a bookmark of the callback', async () => {
    const bookmark = await travel()
    await handle()
    await tab.goto(bookmark)
    expect(await handle()).toHaveProperty('code', 'already_completed')
    expect(await tab.url()).toBe(callback)
    expect(firefox.tokenRequests).toHaveLength(1)
  })

  it('has the callback in two tabs at once: one sign-in, one request', async () => {
    const url = await travel()
    const other = await person.newTab()
    await other.goto(url)
    const outcomes = await Promise.all([handle(), handle(other)])
    expect(outcomes.map(({ sub, code }) => sub ?? code).sort()).toEqual(['ada', 'already_completed'])
    expect(firefox.tokenRequests).toHaveLength(1)
  })

  it('follows a link with somebody else’s code and state', async () => {
    const stranger = await firefox.newPerson()
    const link = await travel(await stranger.newTab())
    await tab.goto(link)
    expect(await handle()).toHaveProperty('code', 'unknown_state')
    expect(await tab.url()).toBe(callback)
    expect(firefox.tokenRequests).toEqual([])
  })

  it('loses the network: a retry and a reload both find the sign-in', async () => {
    const url = await travel()
    const plugIn = await person.unplug(`${firefox.issuer}/token`)
    expect(await handle()).toMatchObject({ code: 'network_error', retryable: true })
    expect(await handle()).toHaveProperty('code', 'network_error')
    expect(await tab.url()).toBe(url)
    await plugIn()
    await tab.reload()
    expect(await handle()).toHaveProperty('sub', 'ada')
    expect(await tab.url()).toBe(callback)
    expect(firefox.tokenRequests).toHaveLength(3)
  })

  it('goes Back to the page that sent them away, which has stayed alive, and signs in anew', async () => {
    await tab.goto(firefox.url)
    await tab.evaluate(() => {
      globalThis.outcome = app.signIn()
    })
    await tab.arrive(firefox.issuer)
    await tab.back()
    await tab.arrive(firefox.url)
    // Kept as it was (bfcache): the variable is there, and the promise that waited for the journey ends.
    expect(await tab.evaluate(() => globalThis.outcome)).toEqual({ nothing: true })
    await tab.evaluate(() => void app.signIn({ returnTo: '/again' }))
    await tab.arrive(firefox.issuer)
    await signInAtProvider(tab, callback)
    expect(await handle()).toEqual({ sub: 'ada', returnTo: '/again' })
  })

  it('goes Back to the callback: the URL in the history is clean', async () => {
    await travel()
    await handle()
    await tab.goto(`${firefox.url}/inbox`)
    await tab.back()
    expect(await tab.arrive(callback)).toBe(callback)
    await tab.reload()
    expect(await handle()).toEqual({ nothing: true })
  })
})

describe('in Firefox, a sign-in that waits', () => {
  /** What is in reach of scripts of the origin, of the driver, and of who reads the disk. */
  const collect = async () => [
    await tab.evaluate(readOrigin),
    JSON.stringify(await person.cookies()),
    ...(await firefox.files()),
  ]

  it('is sealed: the key gives nothing away, and the verifier is in no storage', async () => {
    await tab.goto(firefox.url)
    await tab.evaluate(
      () =>
        new Promise<void>((left) => {
          const navigate = (url: string) => {
            globalThis.left = url
            left()
          }
          app.signIn({ userAgent: library.redirect({ navigate }) })
        }),
    )
    const waiting = await collect()
    expect(waiting[0]).toContain('"extractable":false')
    expect(await tab.evaluate(exportKeys)).toEqual(['InvalidAccessError'])

    await tab.evaluate(() => location.assign(globalThis.left))
    await tab.arrive(firefox.issuer)
    await signInAtProvider(tab, callback)
    expect(await handle()).toHaveProperty('sub', 'ada')
    const traces = [...waiting, ...(await collect())]

    const [body = '', ...more] = await Promise.all(firefox.tokenRequests)
    const verifier = new URLSearchParams(body).get('code_verifier') ?? ''
    expect(verifier).toMatch(/^[\w-]{43}$/)
    expect(more).toEqual([])
    expect(findSecret(traces, verifier)).toEqual([])
  })

  it('would be found in any storage it could be put', async () => {
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const places: Record<string, (secret: string) => unknown> = {
      localStorage: (secret) => localStorage.setItem('x', secret),
      sessionStorage: (secret) => sessionStorage.setItem('x', secret),
      cookie: (secret) => {
        // biome-ignore lint/suspicious/noDocumentCookie: a place a verifier could be put
        document.cookie = `x=${secret}`
      },
      indexedDB: (secret) =>
        new Promise((resolve) => {
          const opening = indexedDB.open('x')
          opening.onupgradeneeded = () => opening.result.createObjectStore('x')
          opening.onsuccess = () => {
            const transaction = opening.result.transaction('x', 'readwrite')
            transaction.objectStore('x').put({ secret }, 1)
            transaction.oncomplete = () => resolve(opening.result.close())
          }
        }),
    }
    for (const [name, put] of Object.entries(places)) {
      person = await firefox.newPerson()
      tab = await person.newTab()
      await tab.goto(firefox.url)
      await tab.evaluate(put as (secret: string) => void, verifier)
      const [page = '', cookies = '', ...files] = await collect()
      expect(findSecret([page], verifier), name).not.toEqual([])
      if (name === 'cookie') expect(findSecret([cookies], verifier)).not.toEqual([])
      if (name === 'indexedDB') expect(findSecret(files, verifier)).not.toEqual([])
    }
  })
})

/** Runs in the page: tries to read every key that is kept. */
async function exportKeys(): Promise<string[]> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve) => {
      request.onsuccess = () => resolve(request.result)
    })
  const outcomes: string[] = []
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const records = await done(database.transaction(store).objectStore(store).getAll())
      // A text is the server's metadata.
      for (const { key } of records.filter((record) => typeof record !== 'string')) {
        outcomes.push(
          await crypto.subtle.exportKey('raw', key).then(
            () => 'exported',
            (error) => error.name,
          ),
        )
      }
    }
    database.close()
  }
  return outcomes
}

describe('in Firefox, a popup', () => {
  /** An app with a button, and a person who presses it. @returns the window that opens, at the provider */
  async function press(path = '/'): Promise<Tab> {
    await tab.goto(firefox.url + path)
    await tab.evaluate(() => {
      const button = document.createElement('button')
      button.textContent = 'Sign in'
      button.onclick = () => {
        globalThis.outcome = app.signIn({ returnTo: '/inbox', userAgent: library.popup() })
      }
      document.body.append(button)
    })
    await tab.click('button')
    const popup = await person.openedBy(tab)
    await popup.arrive(firefox.issuer)
    return popup
  }

  const isGone = async (window: Tab) => expect.poll(() => window.url().catch(String)).toContain('no such frame')

  it.each([
    ['', '/', true],
    [', from a page that is cut off from it (COOP)', '/isolated', false],
  ])('signs a person in, and closes%s', async (_, path, hasOpener) => {
    const popup = await press(path)
    expect(await popup.evaluate(() => !!window.opener)).toBe(hasOpener)
    await signInAtProvider(popup, callback)
    await popup.evaluate(() => void library.relayCallback())
    expect(await tab.evaluate(() => globalThis.outcome)).toEqual({ sub: 'ada', returnTo: '/inbox' })
    expect(await tab.url()).toBe(firefox.url + path)
    expect(firefox.tokenRequests).toHaveLength(1)
    await isGone(popup)
  })

  it('that a person takes their time in goes on, though it looks closed from a page that is cut off', async () => {
    const popup = await press('/isolated')
    await sleep(2500)
    await signInAtProvider(popup, callback)
    await popup.evaluate(() => void library.relayCallback())
    expect(await tab.evaluate(() => globalThis.outcome)).toHaveProperty('sub', 'ada')
  })

  it.each(['/', '/isolated'])('that a person looks at and closes ends the sign-in, from %s', async (path) => {
    const popup = await press(path)
    await sleep(700)
    await popup.close()
    expect(await tab.evaluate(() => globalThis.outcome)).toHaveProperty('code', 'cancelled')
    expect(firefox.tokenRequests).toEqual([])
  })

  it('without a click is blocked, and says so', async () => {
    await tab.goto(firefox.url)
    const outcome = await tab.evaluate(() => app.signIn({ userAgent: library.popup() }))
    expect(outcome).toHaveProperty('code', 'popup_blocked')
  })
})

describe('in Firefox, a hidden frame', () => {
  it('of another site is without its cookies, and says so though the person is signed in there', async () => {
    await travel()
    await handle()
    await tab.goto(firefox.url)
    const outcome = tab.evaluate(() => app.signIn({ userAgent: library.frame() }))
    const frame = await person.openedBy(tab)
    await frame.arrive(callback)
    await frame.evaluate(() => void library.relayCallback())
    expect(await outcome).toHaveProperty('code', 'frame_blocked')
    expect(await tab.evaluate(() => document.querySelector('iframe'))).toBe(null)
  })
})
