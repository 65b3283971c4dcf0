import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, vi } from 'vitest'
import {
  createSessionClient,
  type ProofkeyEvent,
  type SessionClientConfig,
  type SessionStore,
  sealedSessions,
} from '../../src/index.js'
import { createChannels } from './channels.js'
import { goTo } from './page.js'
import { API, createServer, type Faults } from './server.js'
import { travelBy } from './sign-in-attempt.js'

/** A server and the tabs of an app that keeps its session. */
export function createSessionApp(faults: Faults = {}, config: Partial<SessionClientConfig> = {}) {
  const server = createServer(faults)
  const userAgent = travelBy((url) => server.visit(url))
  const sent = (grantType: string) =>
    server.requests.map(({ body }) => body).filter((body) => body.get('grant_type') === grantType)
  return {
    server,
    /** A client as one tab has it, and what it reports. */
    tab(more: Partial<SessionClientConfig> = {}) {
      const auth = createSessionClient({
        issuer: server.issuer,
        clientId: 'spa',
        redirectUri: 'https://app.example/callback',
        scope: 'openid',
        fetch: server.fetch,
        userAgent,
        apis: { [API]: {} },
        ...config,
        ...more,
      })
      const events: ProofkeyEvent[] = []
      auth.subscribe((event) => events.push(event))
      return { auth, events, types: () => events.map(({ type }) => type) }
    },
    refreshes: () => sent('refresh_token').length,
    /** What was sent to refresh. */
    bodies: () => sent('refresh_token'),
  }
}

export type SessionApp = ReturnType<typeof createSessionApp>

/** Of the app's client at the server. */
export const OWNER = '["https://as.example","spa"]'

/** What a store has for an owner. */
export const textIn = async (store: SessionStore, owner = OWNER) => (await store.read(owner)).text

/** Writes over what a store has, as another tab would. */
export async function writeText(store: SessionStore, owner: string, text: string | undefined): Promise<void> {
  const { epoch } = await store.read(owner)
  await store.replace(owner, epoch, { epoch: epoch + 1, text })
}

let passedMs = 0
/** Time passes, by every clock; backwards, it is the system's clock that is set. */
export const later = (seconds: number) => {
  vi.setSystemTime(Date.now() + seconds * 1000)
  passedMs += Math.max(0, seconds * 1000)
}

/** Makes the monotonic clock follow {@link later}, until mocks are restored. */
export function followLater() {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs)
}

/** Something that waits until it is let go. */
export function createGate() {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { released, release: () => release() }
}

/** A fetch whose answers to refreshes wait until they are let go. */
export function slow(fetch: typeof globalThis.fetch) {
  const { released, release } = createGate()
  const held: typeof globalThis.fetch = async (...request) => {
    const answer = await fetch(...request)
    if (`${(request[1]?.body as URLSearchParams | undefined) ?? ''}`.includes('refresh_token')) await released
    return answer
  }
  return { fetch: held, release }
}

/** For each test of a file: clocks that `later` moves. */
export function useClocks(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
    followLater()
  })
  afterEach(() => {
    vi.mocked(performance.now).mockRestore()
    vi.useRealTimers()
  })
}

/**
 * For each test of a file: a browser with a clock that can be set, whose tabs share a sealed store and channels, and are
 * closed in the end.
 */
export function useSessionApps() {
  const closing: { close(): void }[] = []
  let channels: ReturnType<typeof createChannels>
  beforeEach(() => {
    globalThis.indexedDB = new IDBFactory()
    channels = createChannels()
    vi.stubGlobal('BroadcastChannel', channels.BroadcastChannel)
    vi.useFakeTimers({ toFake: ['Date'] })
    followLater()
    goTo('https://app.example/')
  })
  afterEach(() => {
    for (const client of closing.splice(0)) client.close()
    vi.unstubAllGlobals()
    vi.mocked(performance.now).mockRestore()
    vi.useRealTimers()
  })
  return {
    start(faults: Faults = {}, config: Partial<SessionClientConfig> = {}): SessionApp {
      const app = createSessionApp(faults, config)
      return {
        ...app,
        tab(more) {
          const tab = app.tab({ ...(!config.sessionStore && { sessionStore: sealedSessions() }), ...more })
          closing.push(tab.auth)
          return tab
        },
      }
    },
    channels: () => channels,
  }
}
