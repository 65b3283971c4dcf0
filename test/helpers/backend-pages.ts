import { Window } from 'happy-dom'
import { afterEach, beforeEach, vi } from 'vitest'
import { type BackendSessionClientConfig, createBackendSessionClient, type ProofkeyEvent } from '../../src/index.js'
import { memoryServerSessions, type ServerSessionClientConfig } from '../../src/server.js'
import { createChannels } from './channels.js'
import type { Faults } from './server.js'
import { createServerSessionApp, FROM_PAGE, ORIGIN } from './server-session-app.js'

/** What the network does to one request of a page. */
type Way = (request: Request, pass: () => Promise<Response>) => Promise<Response>

/**
 * A page in Node, whose requests can have cookies: those of happy-dom cannot. Only a path is resolved otherwise than in Node.
 */
function showWindow() {
  const window = new Window({ url: `${ORIGIN}/inbox` })
  const { document, location, Event, HTMLFormElement } = window
  for (const [name, value] of Object.entries({ window, document, location, Event, HTMLFormElement }))
    vi.stubGlobal(name, value)
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
  vi.stubGlobal('dispatchEvent', window.dispatchEvent.bind(window))
  const NodeRequest = globalThis.Request
  vi.stubGlobal(
    'Request',
    class extends NodeRequest {
      constructor(input: string | URL | Request, init?: RequestInit) {
        super(typeof input === 'string' ? new URL(input, document.baseURI) : input, init)
      }
    },
  )
}

/** For each test of a file: a backend that is real, and pages of one browser, whose clock and network can be set. */
export function useBackendPages() {
  const closing: { close(): void }[] = []
  let channels: ReturnType<typeof createChannels>
  beforeEach(() => {
    channels = createChannels()
    vi.stubGlobal('BroadcastChannel', channels.BroadcastChannel)
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    showWindow()
  })
  afterEach(() => {
    for (const page of closing.splice(0)) page.close()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  function startBackend(config: Partial<ServerSessionClientConfig> = {}, faults: Faults = {}) {
    const app = createServerSessionApp(memoryServerSessions, config, faults)
    const browser = app.browser()
    const requests: string[] = []
    const bodies: string[] = []
    let way: Way = (_, pass) => pass()

    async function send(input: string | Request, init?: RequestInit): Promise<Response> {
      const request = new Request(input, init)
      const { pathname, search } = new URL(request.url)
      requests.push(`${request.method} ${pathname}${search}`)
      const { 'x-proofkey': _, ...site } = FROM_PAGE
      const headers = { ...Object.fromEntries(request.headers), ...site }
      const answer = () =>
        pathname.startsWith('/auth/')
          ? browser.visit(pathname + search, { headers })
          : browser.forward(pathname, headers)
      const response = await way(request, () => {
        underWay++
        return answer().finally(() => underWay--)
      })
      bodies.push(await response.clone().text())
      return response
    }

    /** A page of the app. */
    function page(more: Partial<BackendSessionClientConfig> = {}) {
      const left: string[] = []
      const auth = createBackendSessionClient({
        backend: '/auth',
        fetch: send,
        navigate: (url) => left.push(url),
        ...more,
      })
      closing.push(auth)
      const events: ProofkeyEvent[] = []
      auth.subscribe((event) => events.push(event))
      return {
        auth,
        left,
        events,
        told: () => events.map((event) => ('reason' in event ? `${event.type} ${event.reason}` : event.type)),
      }
    }
    return {
      app,
      browser,
      page,
      /** What the pages have sent, as method and path, and what they were answered. */
      requests,
      bodies,
      asked: () => requests.filter((one) => one === 'GET /auth/session').length,
      /** From now on requests of pages go this way. */
      setWay(next: Way) {
        way = next
      },
      open() {
        way = (_, pass) => pass()
      },
    }
  }
  return { startBackend, channels: () => channels }
}

/** Time passes, and with it timers. */
export const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

/** The page is shown again. */
export async function showPage(): Promise<void> {
  document.dispatchEvent(new Event('visibilitychange'))
  await settle()
}

/** The page is back from the back/forward cache. */
export async function comeBack(): Promise<void> {
  dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
  await settle()
}

/** Answers that the backend is working on. */
let underWay = 0

/** Messages arrive, and what the backend was asked is answered; unless the network holds it. */
export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 10; quiet++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (underWay) quiet = 0
  }
}

/** @returns the forms that pages submit from now on: method and URL */
export function catchForms(): string[] {
  const forms: string[] = []
  vi.spyOn(HTMLFormElement.prototype, 'submit').mockImplementation(function (this: HTMLFormElement) {
    forms.push(`${this.method.toUpperCase()} ${this.action}`)
  })
  return forms
}
