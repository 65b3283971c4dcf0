import { App } from '@capacitor/app'
import { Browser } from '@capacitor/browser'
import { Capacitor } from '@capacitor/core'
// In an app of yours: from 'proofkey' and 'proofkey/native'.
import { allowInsecureLoopback, createClient, isProofkeyError, type SignInResult } from '../../../src/index.js'
import { capacitor, deepLink } from '../../../src/native.js'

// Written in by the bundler.
declare const ISSUER: string
declare const CLIENT_ID: string

const inApp = Capacitor.isNativePlatform()
const links = capacitor({ App, Browser })

const auth = createClient({
  issuer: ISSUER,
  clientId: CLIENT_ID,
  scope: 'openid profile',
  // Only for a provider on this machine.
  insecure: allowInsecureLoopback,
  ...(inApp
    ? { redirectUri: 'com.example.proofkey:/callback', userAgent: deepLink(links) }
    : // In a plain browser no link leads back into an app: the page itself leaves and comes back.
      { redirectUri: `${location.origin}/callback` }),
})

const element = (id: string) => document.getElementById(id) as HTMLElement

function say(state: string, text: string, code = ''): void {
  const status = element('status')
  Object.assign(status.dataset, { state, code })
  status.textContent = text
}

/** @param past codes that are no news */
async function show(work: Promise<SignInResult | undefined>, past: readonly string[] = []): Promise<void> {
  try {
    const result = await work
    if (!result) return
    // Who it is, is `sub`; a name may be missing.
    say('signed-in', `Signed in as ${result.claims?.['name'] || result.claims?.sub}.`)
    if (!inApp) history.replaceState(null, '', location.origin + result.returnTo)
  } catch (error) {
    if (!isProofkeyError(error)) return say('failed', `${error} Please try again.`)
    if (!past.includes(error.code)) say('failed', `${error.message} ${error.hint}`, error.code)
    // A callback that may work in a moment stays in the address bar for a reload; no other one does.
    if (!inApp && !error.retryable) history.replaceState(null, '', '/')
  }
}

async function start(): Promise<void> {
  element(inApp ? 'in-app' : 'in-browser').hidden = false
  if (!inApp) return show(auth.handleCallback())
  // The system may have ended the app, or this page alone, while the person was away. Whatever else brings the same URL,
  // it is finished once.
  await links.onUrl((url) => show(auth.handleCallback({ url })))
  const url = await links.launchUrl()
  // Some systems name the URL of a launch long ago.
  if (url) await show(auth.handleCallback({ url }), ['already_completed', 'expired'])
}

element('sign-in').addEventListener('click', () => {
  say('away', inApp ? 'Go on in the browser.' : '')
  show(auth.signIn())
})
await start()
