import type { Create, Flow, Setup } from '../contestants/contract.js'
import { plainVerifierIn } from './storage.js'
import { type Share, startTrace } from './trace.js'

/** One measurement, in milliseconds; `shares` tells where they went, once `trace()` was called in this page. */
export interface Measured {
  readonly ms: number
  readonly shares: readonly Share[]
}

export interface PageBench {
  preload(): Promise<void>
  /** From the call to the moment the page begins to leave. */
  signIn(): Promise<Measured & { readonly url: string }>
  /** From the call to the tokens. */
  handleCallback(): Promise<
    Measured & { readonly accessToken: string | undefined; readonly subject: string | undefined }
  >
  trace(): void
  plainVerifierIn(authorizationUrl: string): Promise<string>
}

declare global {
  var bench: PageBench
  var setup: Setup
}

/** The part of the Navigation API used here; TypeScript's DOM types do not have it yet. */
interface NavigateEvent extends Event {
  readonly destination: { readonly url: string; readonly sameDocument: boolean }
}
declare const navigation: EventTarget

export function prepare(create: Create, setup: Setup): PageBench {
  const flow: Flow = create(setup)
  let shares: (start: number, end: number) => Share[] = () => []

  return {
    preload: async () => void (await flow.preload()),

    async signIn() {
      const leaving = nextNavigation()
      const start = performance.now()
      // Some contestants never settle after they have asked to leave; a failure before that ends the wait.
      const { atMs, url } = await Promise.race([leaving, flow.signIn().then(() => leaving)])
      return { ms: atMs - start, shares: shares(start, atMs), url }
    },

    async handleCallback() {
      const start = performance.now()
      const tokens = await flow.handleCallback()
      const end = performance.now()
      return { ms: end - start, shares: shares(start, end), ...tokens }
    },

    trace() {
      shares = startTrace()
    },

    plainVerifierIn,
  }
}

/**
 * Resolves when the page begins to leave, and keeps it here. The `navigate` event sees every contestant's own
 * `location.assign()` at the same point, synchronously, so none needs a stub and all are stopped alike.
 */
function nextNavigation(): Promise<{ atMs: number; url: string }> {
  return new Promise((resolve) => {
    navigation.addEventListener('navigate', function leaving(event) {
      const atMs = performance.now()
      const { url, sameDocument } = (event as NavigateEvent).destination
      if (sameDocument) return
      navigation.removeEventListener('navigate', leaving)
      event.preventDefault()
      resolve({ atMs, url })
    })
  })
}
