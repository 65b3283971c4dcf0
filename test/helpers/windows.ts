import { vi } from 'vitest'

// happy-dom has it on `location` only.
Object.defineProperty(globalThis, 'origin', { get: () => location.origin, configurable: true })

/** A window that this page opened, as far as an opener sees it. happy-dom's own would load the server's pages for real. */
export function createWindow() {
  const visited: string[] = []
  const own = {
    closed: false,
    close: vi.fn(() => {
      own.closed = true
    }),
    focus: vi.fn(),
    postMessage: vi.fn<(data: unknown, targetOrigin: string) => void>(),
    location: {
      set href(url: string) {
        visited.push(url)
      },
    },
    /** Where it was sent. */
    visited,
    /** A page of this origin, if it shows one: the URL that it was loaded with, and how far it is. */
    page: undefined as { url: string; readyState: DocumentReadyState } | undefined,
    /** Readable while it is at `about:blank` or at a page of this origin, and never at the server. */
    get document() {
      if (visited.length && !own.page) throw new DOMException('Blocked a frame with origin', 'SecurityError')
      return { readyState: own.page?.readyState ?? 'complete' }
    },
    get performance() {
      const name = own.document && (own.page?.url ?? 'about:blank')
      return { getEntriesByType: (type: string) => (type === 'navigation' ? [{ name }] : []) }
    },
  }
  return own
}

export type OtherWindow = ReturnType<typeof createWindow>

/** Lets the page open such windows. @returns those it has opened */
export function stubOpen(): OtherWindow[] {
  const windows: OtherWindow[] = []
  vi.stubGlobal(
    'open',
    vi.fn(() => {
      const opened = createWindow()
      windows.push(opened)
      return opened
    }),
  )
  return windows
}

/** A message as the browser hands it to this page. */
export function hear(data: unknown, source: unknown, origin = location.origin): void {
  dispatchEvent(Object.assign(new MessageEvent('message', { data, origin }), { source }))
}

/** Says something on the channel of a sign-in, as any page of this origin can that knows the name. */
export function say(data: unknown, state: string | null): void {
  const channel = new BroadcastChannel(`proofkey ${state}`)
  channel.postMessage(data)
  channel.close()
}

export const stateOf = (url: string): string | null => new URL(url).searchParams.get('state')

/** Lets the page have frames that stay at `about:blank`. @returns those it has shown: where they were sent, and their windows */
export function stubFrames() {
  const frames: { element: HTMLIFrameElement; src: string; window: OtherWindow }[] = []
  vi.spyOn(HTMLIFrameElement.prototype, 'src', 'set').mockImplementation(function (this: HTMLIFrameElement, src) {
    frames.push({ element: this, src, window: createWindow() })
  })
  vi.spyOn(HTMLIFrameElement.prototype, 'contentWindow', 'get').mockImplementation(function (this: HTMLIFrameElement) {
    const found = frames.find(({ element }) => element === this && element.isConnected)
    return (found?.window ?? null) as Window | null
  })
  const { happyDOM } = window as unknown as { happyDOM: { settings: object } }
  Object.assign(happyDOM.settings, { enableIframePageLoading: true })
  return frames
}
