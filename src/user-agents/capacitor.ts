import type { Links } from './deep-link.js'

interface Handle {
  remove(): Promise<void>
}

/** What is used of `@capacitor/app` and `@capacitor/browser`. */
export interface CapacitorPlugins {
  readonly App: {
    addListener(event: 'appUrlOpen', listener: (event: { url: string }) => void): Promise<Handle>
    getLaunchUrl(): Promise<{ url: string } | undefined>
  }
  readonly Browser: {
    open(options: { url: string }): Promise<void>
    close(): Promise<void>
    addListener(event: 'browserFinished', listener: () => void): Promise<Handle>
  }
}

/**
 * Capacitor's plugins as `deepLink` wants them: `deepLink(capacitor({ App, Browser }))`. At the app's start,
 * `handleCallback({ url: await launchUrl() })` finishes a sign-in during which the app had ended.
 */
export function capacitor({ App, Browser }: CapacitorPlugins): Links & {
  /** The URL the app was launched with, if any. */
  launchUrl(): Promise<string | undefined>
} {
  const undo = (handle: Handle) => () => handle.remove()
  return {
    open: (url) => Browser.open({ url }),
    close: () => Browser.close(),
    onUrl: async (listener) => undo(await App.addListener('appUrlOpen', ({ url }) => listener(url))),
    onClose: async (listener) => undo(await Browser.addListener('browserFinished', listener)),
    launchUrl: async () => (await App.getLaunchUrl())?.url || undefined,
  }
}
