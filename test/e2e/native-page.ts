import { App } from '@capacitor/app'
import { Browser } from '@capacitor/browser'
import { capacitor, deepLink } from '../../src/native.js'
import type {} from './page.js'

/** An app made with Capacitor; page.ts comes before. */
const nativeApp: typeof app.as = (config) =>
  app.as({
    clientId: 'native-app',
    redirectUri: 'com.example.proofkey:/callback',
    userAgent: deepLink(links),
    ...config,
  })

declare global {
  var links: ReturnType<typeof capacitor>
  var native: typeof app
}
globalThis.links = capacitor({ App, Browser })
globalThis.native = { ...nativeApp({}), as: nativeApp }
