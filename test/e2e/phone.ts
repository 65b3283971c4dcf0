import { setTimeout } from 'node:timers/promises'
import type { BrowserContext, Page } from 'playwright-core'

/** What Capacitor's native side declares (its `PluginHeaders`); without `rtype` a method is called with a callback. */
const PLUGINS = ['App', 'Browser'].map((name) => ({
  name,
  methods: [
    { name: 'addListener' },
    { name: 'removeListener' },
    ...['getLaunchUrl', 'open', 'close'].map((method) => ({ name: method, rtype: 'promise' })),
  ],
}))

export interface Phone {
  /** Starts the app, as a tap on its icon does. */
  start(): Promise<Page>
  /** The app's page, once it is there. */
  page(): Promise<Page>
  /** The system ends the app. Its storage stays. */
  kill(): Promise<void>
  /** The system ends the app's page alone, and Capacitor loads it again. */
  reload(): Promise<void>
  /** The system hands a URL to the app: to its listeners, or to the first one it will have. Launches an app that was ended. */
  open(url: string): Promise<void>
  /** The next tab that the app opens in the system's browser, or has opened. */
  tab(): Promise<Page>
  /** Tells the app that the tab was closed, whether it was or not. */
  tellClosed(): Promise<void>
  /** All that the system's browser was told to open. */
  readonly opened: readonly string[]
  /** How many native listeners the app has. */
  listeners(): number
}

/**
 * A phone as an app made with Capacitor sees it: the real plugins' proxies of `@capacitor/core` talk to this native side.
 * @param app the app's own WebView, as it were
 * @param browser the system's browser, with cookies of its own
 * @param url where the app's pages are
 */
export async function createPhone(app: BrowserContext, browser: BrowserContext, url: string): Promise<Phone> {
  const opened: string[] = []
  /** Names of events, by callback. */
  const listeners = new Map<string, string>()
  let retained: string[] = []
  let launchUrl: string | undefined
  let page: Page | undefined
  const tabs: Page[] = []
  let shown: Page | undefined

  const tell = (callbackId: string, data?: object) =>
    page?.evaluate(([id, given]) => fromNative(id, given), [callbackId, data] as const)
  const tellAll = (event: string, data?: object) =>
    Promise.all([...listeners].filter(([, name]) => name === event).map(([id]) => tell(id, data)))
  const methods: Record<string, (options: Record<string, string>, callbackId: string) => unknown> = {
    addListener({ eventName = '' }, callbackId) {
      listeners.set(callbackId, eventName)
      if (eventName !== 'appUrlOpen') return
      for (const url of retained.splice(0)) void tell(callbackId, { url })
    },
    removeListener: ({ callbackId = '' }) => void listeners.delete(callbackId),
    getLaunchUrl: () => launchUrl && { url: launchUrl },
    async open({ url = '' }) {
      opened.push(url)
      shown = await browser.newPage()
      tabs.push(shown)
      void shown.goto(url)
    },
    close: () => shown?.close(),
  }
  await app.exposeFunction('toNative', (method: string, options: Record<string, string>, callbackId: string) =>
    methods[method]?.(options, callbackId),
  )
  await app.addInitScript(installBridge, PLUGINS)

  const phone: Phone = {
    opened,
    listeners: () => listeners.size,
    async start() {
      page = await app.newPage()
      await page.goto(url)
      return page
    },
    async page() {
      if (!page) throw new Error('The app was ended.')
      await page.waitForLoadState()
      return page
    },
    async kill() {
      await page?.close()
      page = undefined
      listeners.clear()
      retained = []
      launchUrl = undefined
    },
    async reload() {
      listeners.clear()
      await page?.reload()
    },
    async open(given) {
      if (![...listeners.values()].includes('appUrlOpen')) retained.push(given)
      if (page) await tellAll('appUrlOpen', { url: given })
      else {
        launchUrl = given
        await phone.start()
      }
    },
    async tab() {
      while (!tabs.length) await setTimeout(10)
      const tab = tabs.shift()!
      await tab.waitForLoadState()
      return tab
    },
    tellClosed: async () => void (await tellAll('browserFinished')),
  }
  return phone
}

declare global {
  function toNative(method: string, options: object, callbackId?: string): Promise<unknown>
  function fromNative(callbackId: string, data?: object): void
}

/** Runs in the page, before its scripts, as Capacitor's own bridge does. */
function installBridge(plugins: typeof PLUGINS): void {
  const callbacks = new Map<string, (data?: object) => void>()
  Object.assign(globalThis, {
    androidBridge: {},
    Capacitor: {
      PluginHeaders: plugins,
      nativePromise: (_: string, method: string, options = {}) => toNative(method, options),
      nativeCallback(_: string, method: string, options = {}, callback = () => {}) {
        const id = `${callbacks.size + 1}`
        callbacks.set(id, callback)
        void toNative(method, options, id)
        return id
      },
    },
    fromNative: (id: string, data?: object) => callbacks.get(id)?.(data),
  })
}

/** Signs in and consents in the tab. @returns the link that the server sends the person on to, which the system would open */
export async function signInInTab(tab: Page): Promise<string> {
  await tab.locator('[name=login]').fill('ada')
  await tab.locator('[name=password]').fill('secret')
  await tab.locator('[type=submit]').click()
  await tab.locator('[name=prompt][value=consent]').waitFor({ state: 'attached' })
  return linkAfter(tab, '[type=submit]')
}

/** Clicks, and waits until the server sends the person to an app. @returns the link */
export async function linkAfter(tab: Page, selector: string): Promise<string> {
  const link = tab.waitForEvent('response', (response) => /^com\./.test(response.headers()['location'] ?? ''))
  await tab.locator(selector).click()
  return (await link).headers()['location'] ?? ''
}
