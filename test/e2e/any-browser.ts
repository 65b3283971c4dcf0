import { type Site, signInAtProvider, useBrowser } from './browser.js'
import { useFirefox } from './firefox.js'
import { signInAtProvider as signInInFirefox } from './tab.js'

/** One tab of a browser with no cookies yet, as far as a person without developer tools gets. */
export interface AnyTab {
  visit(url: string): Promise<unknown>
  text(): Promise<string>
  click(selector: string): Promise<unknown>
  /** Waits for a page whose URL starts so. */
  arrive(start: string): Promise<unknown>
  /** On the provider's pages, until the callback has come. */
  signIn(callback: string): Promise<unknown>
}

/** For tests that run in both: the browser's name, and how a file takes it into use. */
export const BROWSERS: [string, (start: () => Promise<Site>) => () => Promise<AnyTab>][] = [
  [
    'Chromium',
    (start) => {
      const browser = useBrowser(start)
      return async () => {
        const page = await (await browser.newContext()).newPage()
        return {
          visit: (url) => page.goto(url),
          text: () => page.locator('body').innerText(),
          click: (selector) => page.click(selector),
          arrive: (start) => page.waitForURL((url) => url.href.startsWith(start)),
          signIn: (callback) => signInAtProvider(page, callback),
        }
      }
    },
  ],
  [
    'Firefox',
    (start) => {
      const browser = useFirefox(start)
      return async () => {
        const tab = await (await browser.newPerson()).newTab()
        return {
          visit: (url) => tab.goto(url),
          text: () => tab.evaluate(() => document.body.innerText),
          click: (selector) => tab.click(selector),
          arrive: (start) => tab.arrive(start),
          signIn: (callback) => signInInFirefox(tab, callback),
        }
      }
    },
  ],
]
