import { vi } from 'vitest'
import type { CapacitorPlugins } from '../../src/user-agents/capacitor.js'
import type { DeepLinkAdapter } from '../../src/user-agents/deep-link.js'

/** What an app's wrapper does: its in-app browser tab, and the URLs that the system hands to the app. */
export function createWrapper() {
  const urlListeners = new Set<(url: string) => void>()
  const closeListeners = new Set<() => void>()
  const opened: string[] = []
  let tab = false
  const listen = <T>(listeners: Set<T>, listener: T) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const open = vi.fn(async (url: string): Promise<void> => {
    opened.push(url)
    tab = true
  })
  const close = vi.fn(async () => {
    tab = false
  })
  return {
    opened,
    /** Tabs and listeners there are. */
    held: () => urlListeners.size + closeListeners.size + Number(tab),
    /** The system opens a link of the app. */
    deliver(url: string) {
      for (const listener of [...urlListeners]) listener(url)
    },
    /** The tab is closed, by whomever. */
    closeTab() {
      tab = false
      for (const listener of [...closeListeners]) listener()
    },
    /** As a wrapper's own functions. */
    links: {
      open,
      close,
      onUrl: (listener: (url: string) => void) => listen(urlListeners, listener),
      onClose: (listener: () => void) => listen(closeListeners, listener),
    } satisfies DeepLinkAdapter,
    /** As Capacitor's plugins, which answer later. */
    plugins: (launchUrl?: string) => {
      const handle = async (undo: () => void) => ({ remove: async () => undo() })
      return {
        App: {
          addListener: async (_: string, listener: (event: { url: string }) => void) =>
            handle(listen(urlListeners, (url: string) => listener({ url }))),
          getLaunchUrl: async () => (launchUrl === undefined ? undefined : { url: launchUrl }),
        },
        Browser: {
          open: ({ url }: { url: string }) => open(url),
          close,
          addListener: async (_: string, listener: () => void) => handle(listen(closeListeners, listener)),
        },
      } satisfies CapacitorPlugins
    },
  }
}
