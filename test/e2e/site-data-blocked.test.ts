import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bareSite, type Site, signInAtProvider as signInInChromium } from './browser.js'
import { useFirefox } from './firefox.js'
import type { Outcome } from './page.js'
import { startRealBrowser } from './real-browser.js'
import { signInAtProvider } from './tab.js'

declare global {
  var outcome: Promise<Outcome>
}

const refused = { code: 'storage_unavailable', message: 'IndexedDB cannot be used here.' }

/** Runs in the page: which of the storages that proofkey uses throw. */
async function refusedStorages(): Promise<string[]> {
  const storages: Record<string, () => unknown> = {
    locks: () => navigator.locks.request('name', () => {}),
    channel: () => new BroadcastChannel('name').close(),
    indexedDB: () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('name')
        opening.onsuccess = resolve
        opening.onerror = () => reject(opening.error)
      }),
  }
  const outcomes = Object.entries(storages).map(async ([name, use]) => {
    try {
      await use()
      return []
    } catch {
      return [name]
    }
  })
  return (await Promise.all(outcomes)).flat()
}

/** Runs in the page: an app with a button. */
function showButton(): void {
  const button = document.createElement('button')
  button.onclick = () => {
    globalThis.outcome = app.signIn({ returnTo: '/inbox', userAgent: library.popup() })
  }
  button.textContent = 'Sign in'
  document.body.append(button)
}

describe('an app whose site data is blocked, in Firefox', () => {
  const firefox = useFirefox(bareSite, 'site data of the app')

  it('cannot sign in by redirect, and says why and what to do', async () => {
    const tab = await (await firefox.newPerson()).newTab()
    await tab.goto(firefox.url)
    expect(await tab.evaluate(refusedStorages)).toEqual(['locks', 'channel', 'indexedDB'])
    expect(await tab.evaluate(() => app.signIn())).toMatchObject(refused)
  })

  it('signs in by popup: the page stays, and so does its memory', async () => {
    const person = await firefox.newPerson()
    const tab = await person.newTab()
    await tab.goto(firefox.url)
    await tab.evaluate(showButton)
    await tab.click('button')
    const popup = await person.openedBy(tab)
    await popup.arrive(firefox.issuer)
    await signInAtProvider(popup, firefox.callback)
    await popup.evaluate(() => void library.relayCallback())
    expect(await tab.evaluate(() => globalThis.outcome)).toEqual({ sub: 'ada', returnTo: '/inbox' })
  })
})

describe('an app whose site data is blocked, in Chromium', () => {
  let site: Site
  beforeAll(async () => {
    site = await bareSite()
  })
  afterAll(() => site?.close())
  const browser = startRealBrowser(() => ({
    profile: {
      default_content_setting_values: { cookies: 2 },
      content_settings: { exceptions: { cookies: { [`${site.issuer},*`]: { setting: 1 } } } },
    },
  }))

  it('cannot sign in by redirect, and says why and what to do', async () => {
    const page = await browser.newPage(site.url)
    expect(await page.evaluate(refusedStorages)).toEqual(['locks', 'indexedDB'])
    expect(await page.evaluate(() => app.signIn())).toMatchObject(refused)
  })

  it('signs in by popup: the page stays, and so does its memory', async () => {
    const page = await browser.newPage(site.url)
    await page.evaluate(showButton)
    const [popup] = await Promise.all([browser.context.waitForEvent('page'), page.click('button')])
    await signInInChromium(popup, `${site.url}/callback`)
    await popup.evaluate(() => void library.relayCallback())
    expect(await page.evaluate(() => globalThis.outcome)).toEqual({ sub: 'ada', returnTo: '/inbox' })
  })
})
