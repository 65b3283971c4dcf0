// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { allowEmbeddedWebView, frame, popup, redirect } from '../../src/index.js'
import type { EmbeddedOptions } from '../../src/user-agents/embedded.js'
import { refusal } from '../helpers/refusal.js'
import { signInAttempt } from '../helpers/sign-in-attempt.js'
import { stubFrames, stubOpen } from '../helpers/windows.js'

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const IPAD = 'Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const ANDROID = 'Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP4A.250205.002'
const MAC = 'Macintosh; Intel Mac OS X 10_15_7'
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.51'

/** What a page finds in `navigator` and on its window. */
type Surroundings = [
  name: string,
  userAgent: string,
  globals?: Record<string, unknown>,
  more?: Partial<MoreOfNavigator>,
]
type MoreOfNavigator = Pick<Navigator, 'maxTouchPoints'> & { standalone: boolean }

const BROWSERS: Surroundings[] = [
  ['Safari on iPhone', `${IPHONE} Version/26.0 Mobile/15E148 Safari/604.1`],
  ['Safari on iPad', `${IPAD} Version/17.6 Mobile/15E148 Safari/604.1`],
  ['Safari on iPad, as a desktop', `${desktop(MAC)} Version/17.6 Safari/605.1.15`, {}, { maxTouchPoints: 5 }],
  ['Chrome on iPad, as a desktop', `${desktop(MAC)} CriOS/140 Version/17.6 Safari/605.1.15`, {}, { maxTouchPoints: 5 }],
  ['an app in the Dock of macOS', desktop(MAC), {}, { maxTouchPoints: 0 }],
  ['Chrome on iPhone', `${IPHONE} CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1`],
  ['Firefox on iPhone', `${IPHONE} FxiOS/143.0 Mobile/15E148 Safari/605.1.15`],
  ['Edge on iPhone', `${IPHONE} Version/18.0 EdgiOS/140.0.3485.54 Mobile/15E148 Safari/604.1`],
  ['an app on the home screen of iOS', `${IPHONE} Mobile/15E148`, {}, { standalone: true }],
  ['an app on the home screen of an iPad', desktop(MAC), {}, { standalone: true, maxTouchPoints: 5 }],
  ['Chrome on Android', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`],
  [
    'Samsung Internet',
    `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
  ],
  ['Firefox on Android', 'Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0'],
  ['Chrome on a desktop', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`],
  ['Firefox on a desktop', 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0'],
  ['Safari on a desktop', `${desktop(MAC)} Version/26.0 Safari/605.1.15`],
  [
    'Capacitor’s web build in a browser',
    `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`,
    { Capacitor: { isNativePlatform: () => false } },
  ],
  ['a browser that says nothing', ''],
]

const EMBEDDED: Surroundings[] = [
  [
    'an Android WebView',
    `${ANDROID}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.7339.51 Mobile Safari/537.36`,
  ],
  [
    'Facebook on Android',
    `${ANDROID}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.7339.51 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.48.74;]`,
  ],
  ['a WKWebView on iPhone', `${IPHONE} Mobile/15E148`],
  ['a WKWebView on iPad', `${IPAD} Mobile/15E148`],
  ['a WKWebView on iPad, as a desktop', desktop(MAC), {}, { maxTouchPoints: 5 }],
  [
    'Instagram on iPhone',
    `${IPHONE} Mobile/22H20 Instagram 400.0.0.26.69 (iPhone14,5; iOS 18_7; en_US; en; scale=3.00; 1170x2532; 0)`,
  ],
  [
    'Electron',
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) my-app/1.0.0 Chrome/138.0.7204.251 Electron/37.6.0 Safari/537.36`,
  ],
  [
    'Capacitor on a device',
    `${IPHONE} Version/26.0 Mobile/15E148 Safari/604.1`,
    { Capacitor: { isNativePlatform: () => true } },
  ],
  ['Cordova', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`, { cordova: {} }],
  ['React Native', `${IPHONE} Version/26.0 Safari/604.1`, { ReactNativeWebView: { postMessage() {} } }],
  ['Tauri', desktop(MAC), { __TAURI_INTERNALS__: {} }],
]

function desktop(system: string): string {
  return `Mozilla/5.0 (${system}) AppleWebKit/605.1.15 (KHTML, like Gecko)`
}

const AGENTS = {
  redirect: (options?: EmbeddedOptions) => redirect({ ...options, navigate: () => {} }),
  popup,
  frame,
}

beforeEach(() => {
  stubOpen()
  stubFrames()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** Whether the agent gets as far as to begin. */
async function begins(name: keyof typeof AGENTS, options?: EmbeddedOptions): Promise<boolean> {
  const begin = vi.fn(async () => Promise.reject(new Error('far enough')))
  const work = AGENTS[name](options).open(signInAttempt({ redirectUri: `${location.origin}/callback`, begin }))
  if (begin.mock.calls.length) await expect(work).rejects.toThrow('far enough')
  else await refusal(work, 'embedded_webview')
  return begin.mock.calls.length > 0
}

function surround([, userAgent, globals = {}, more]: Surroundings): void {
  vi.stubGlobal('navigator', { userAgent, ...more })
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
}

describe.each(Object.keys(AGENTS) as (keyof typeof AGENTS)[])('%s', (agent) => {
  it.each(BROWSERS)('goes on in %s', async (...surroundings) => {
    surround(surroundings)
    expect(await begins(agent)).toBe(true)
    expect(await begins(agent, { embedded: allowEmbeddedWebView })).toBe(true)
  })

  it.each(EMBEDDED)('refuses in %s, and opens nothing', async (...surroundings) => {
    surround(surroundings)
    expect(await begins(agent)).toBe(false)
    expect(open).not.toHaveBeenCalled()
  })

  it.each(EMBEDDED)('goes on in %s where the app allows it', async (...surroundings) => {
    surround(surroundings)
    expect(await begins(agent, { embedded: allowEmbeddedWebView })).toBe(true)
    expect(await begins(agent, { embedded: undefined })).toBe(false)
  })
})
