import type { DeepLinkAdapter } from './deep-link.js'

interface ListenerHandle {
  remove(): Promise<void>
}

/** The parts of `@capacitor/app` and `@capacitor/browser` that {@link capacitor} uses. */
export interface CapacitorPlugins {
  readonly App: {
    addListener(event: 'appUrlOpen', listener: (event: { url: string }) => void): Promise<ListenerHandle>
    getLaunchUrl(): Promise<{ url: string } | undefined>
  }
  readonly Browser: {
    open(options: { url: string }): Promise<void>
    close(): Promise<void>
    addListener(event: 'browserFinished', listener: () => void): Promise<ListenerHandle>
  }
}

/**
 * The adapter of `deepLink` for Capacitor: `deepLink(capacitor({ App, Browser }))`. When the app starts, call
 * `handleCallback({ url: await launchUrl() })`: it completes a sign-in during which the system had ended the app.
 * @example
 * ```ts
 * import { App } from '@capacitor/app'
 * import { Browser } from '@capacitor/browser'
 * import { createClient } from 'proofkey'
 * import { capacitor, deepLink } from 'proofkey/native'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'com.example.app:/callback',
 *   userAgent: deepLink(capacitor({ App, Browser })),
 * })
 * ```
 */
export function capacitor({ App, Browser }: CapacitorPlugins): DeepLinkAdapter & {
  /** The URL that launched the app, if there was one. */
  launchUrl(): Promise<string | undefined>
} {
  const undo = (handle: ListenerHandle) => () => handle.remove()
  return {
    open: (url) => Browser.open({ url }),
    close: () => Browser.close(),
    onUrl: async (listener) => undo(await App.addListener('appUrlOpen', ({ url }) => listener(url))),
    onClose: async (listener) => undo(await Browser.addListener('browserFinished', listener)),
    launchUrl: async () => (await App.getLaunchUrl())?.url || undefined,
  }
}
