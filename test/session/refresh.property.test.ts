import { setImmediate as turn } from 'node:timers/promises'
import { IDBFactory } from 'fake-indexeddb'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isProofkeyError, type SessionStore, sealedSessions } from '../../src/index.js'
import { createChannels } from '../helpers/channels.js'
import { createFaultyNetwork, type Fate, RETRY_AFTER_SECONDS, type Waiting } from '../helpers/faulty-network.js'
import { createLocks } from '../helpers/locks.js'
import { createSessionApp, followLater, later, textIn } from '../helpers/session-app.js'
import { uncaughtDuring } from '../helpers/uncaught.js'

/** One step of a browser with some tabs, at a server behind a network. */
type Step =
  | { readonly do: 'tick'; readonly seconds: number }
  /** Some turns of the event loop: work that is under way gets on, but not to its end. */
  | { readonly do: 'turns'; readonly count: number }
  | { readonly do: 'ask' | 'reload' | 'sign in' | 'sign out' | 'look'; readonly tab: number }
  | { readonly do: 'reach'; readonly request: number }
  | { readonly do: 'settle'; readonly request: number; readonly fate: Fate }
  | { readonly do: 'post'; readonly post: 'prompt' | 'late' | 'never' }
  | { readonly do: 'deliver' }

const LIFETIME_SECONDS = 300
const FATES: Fate[] = ['lost before', 'lost after', 'lost in the body', 'gateway error', 'server error', 'too many']

const small = fc.nat({ max: 3 })
const steps = (fates: Fate[]) =>
  fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('tick' as const), seconds: fc.constantFrom(1, 20, 250, 310) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 60 }) }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), tab: small }) },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constantFrom('reload', 'sign in', 'sign out', 'look' as const), tab: small }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('reach' as const), request: small }) },
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('settle' as const),
          request: small,
          fate: fc.oneof(fc.constant('answered' as const), fc.constantFrom(...fates)),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('post' as const),
          post: fc.constantFrom('prompt', 'late', 'never' as const),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('deliver' as const) }) },
    ) as fc.Arbitrary<Step>,
    { minLength: 5, maxLength: 40 },
  )

interface Kept {
  readonly id: string
  readonly refreshToken: string
  readonly tokens: Readonly<Record<string, { readonly accessToken: string }>>
}

/** A browser whose tabs share one sealed store, its locks and its channels. */
function createBrowser(count: number) {
  const channels = createChannels()
  vi.stubGlobal('indexedDB', new IDBFactory())
  vi.stubGlobal('navigator', { locks: createLocks() })
  vi.stubGlobal('BroadcastChannel', channels.BroadcastChannel)
  const app = createSessionApp({ token: { expires_in: LIFETIME_SECONDS } })
  const network = createFaultyNetwork(app.server.fetch)
  /** Everything that was ever written. */
  const written: Kept[] = []
  /** Which session's tokens were given out, and the sessions that somebody signed out of. */
  const signedOut = new Set<string>()
  const work: Promise<unknown>[] = []
  let owner = ''

  function openTab() {
    let dead = false
    let die = () => {}
    const died = new Promise<never>((_, reject) => {
      die = () => reject(new Error('The tab is gone'))
    })
    died.catch(() => {})
    const never = new Promise<never>(() => {})
    const alive = async <T>(given: () => Promise<T>): Promise<T> => {
      if (dead) return never
      const result = await given()
      return dead ? never : result
    }
    const inner = sealedSessions()
    const mine: Waiting[] = []
    /** What the browser is about to do to the store, and does even where the tab goes away. */
    let writing: Promise<unknown> = Promise.resolve()
    const lastBreath = died.catch(async (error) => {
      await writing
      throw error
    })
    lastBreath.catch(() => {})
    /** Those whose answer is in the store. */
    const kept = new Set<Waiting>()
    const store: SessionStore = {
      name: inner.name,
      shared: inner.shared,
      read: (owner) => alive(() => inner.read(owner)),
      replace: (name, expected, next) =>
        alive(async () => {
          const done = inner.replace(name, expected, next)
          writing = done.catch(() => {})
          const replaced = await done
          if (!replaced || !next.text?.startsWith('{')) return replaced
          owner = name
          for (const request of mine) if (request.fate === 'answered') kept.add(request)
          const { session } = JSON.parse(next.text)
          if (session) written.push(session)
          return replaced
        }),
      // A tab that is gone lets go of its locks, and does nothing more.
      exclusive: (owner, work) =>
        inner
          .exclusive(owner, () => Promise.race([work(), lastBreath]))
          .catch((error) => (dead ? never : Promise.reject(error))),
    }
    const { auth } = app.tab({
      sessionStore: store,
      timeoutSeconds: 1000,
      fetch: async (...request) => {
        const before = network.sent.length
        const answer = network.fetch(...request)
        mine.push(...network.sent.slice(before))
        return alive(() => answer)
      },
    })
    return {
      auth,
      gone: died.catch(() => {}),
      crash() {
        dead = true
        die()
        auth.close()
        for (const request of mine) if (!kept.has(request)) request.fate = 'abandoned'
      },
      /** Asks for a token, and holds what comes against what may come. */
      async ask(): Promise<string | undefined> {
        try {
          const token = await auth.getAccessToken()
          if (dead) return undefined
          expect(idOf(token), 'a token that is given out was stored before').toBeDefined()
          return token
        } catch (error) {
          if (dead) return undefined
          if (!isProofkeyError(error)) throw error
          const codes = ['login_required', 'network_error', 'token_request_refused', 'token_response_invalid']
          // On its way for longer than its ID token lives.
          expect([...codes, 'id_token_invalid']).toContain(error.code)
          return undefined
        }
      },
      async signOut() {
        const nonce = auth.session?.claims?.nonce
        const leaving = auth.signOut({ atServer: false })
        expect(auth.session).toBeUndefined()
        await leaving
        // A tab that crashes before that has promised nothing.
        if (nonce && !dead) signedOut.add(`${nonce}`)
      },
    }
  }

  const idOf = (token: string) =>
    written.find(({ tokens }) => Object.values(tokens).some(({ accessToken }) => accessToken === token))?.id
  const nonceOf = (text: string | undefined): unknown => text && JSON.parse(text).session?.session.claims.nonce

  const tabs = Array.from({ length: count }, openTab)
  /** Checked each time a refresh token is sent: those before it with the same one must have lost their answer. */
  function checkSent() {
    for (const { refreshToken } of network.sent) {
      const same = network.sent.filter((one) => one.refreshToken === refreshToken)
      const open = same.filter(({ fate }) => fate === undefined || fate === 'answered')
      expect(open.length, 'requests with one refresh token whose answer is not lost').toBeLessThanOrEqual(1)
    }
  }

  return {
    app,
    network,
    tabs,
    async take(step: Step) {
      if (step.do === 'tick') later(step.seconds)
      else if (step.do === 'turns') for (let i = 0; i < step.count; i++) await turn()
      else if (step.do === 'post') channels.setPost(step.post)
      else if (step.do === 'deliver') channels.deliver()
      else if ('request' in step) {
        const at = step.request % (network.waiting.length || 1)
        const request = network.waiting[at]
        if (step.do === 'reach') await request?.reach()
        else if (request) {
          network.waiting.splice(at, 1)
          await request.settle(step.fate)
        }
      } else {
        const at = step.tab % count
        const tab = tabs[at]!
        const background = (promise: Promise<unknown>) => void work.push(Promise.race([promise, tab.gone]))
        if (step.do === 'ask') background(tab.ask())
        else if (step.do === 'look') background(tab.auth.restore())
        // A sign-out elsewhere, while the code is redeemed, has the last word.
        else if (step.do === 'sign in')
          await tab.auth.signIn().catch((error) => expect(error).toMatchObject({ code: 'login_required' }))
        else if (step.do === 'sign out') background(tab.signOut())
        else {
          tab.crash()
          tabs[at] = openTab()
          work.push(Promise.race([tabs[at].auth.restore(), tabs[at].gone]))
        }
      }
      checkSent()
    },
    /** Lets all that is under way come to its end, over an honest network; this work too. */
    async calm<T>(own?: Promise<T>): Promise<T | undefined> {
      channels.setPost('prompt')
      let done = false
      const all = Promise.all([own, ...work.splice(0)]).finally(() => {
        done = true
      })
      all.catch(() => {})
      for (let idle = 0; !done || idle < 20; idle++) {
        await (done ? turn() : new Promise((resolve) => setTimeout(resolve, 1)))
        channels.deliver()
        for (const request of network.waiting.splice(0)) {
          await request.settle('answered')
          checkSent()
        }
        if (idle > 1000) throw new Error('Something never ends')
      }
      await all
      return own
    },
    stored: async () => (owner ? await textIn(sealedSessions(), owner) : undefined),
    nonceOf,
    signedOut,
    openTab,
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  followLater()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.mocked(performance.now).mockRestore()
})

const lied = (fate: Waiting['fate']) => fate !== 'answered' && fate !== 'lost before'

/** Plays the steps and lets them end; then every session goes on, or is over for good. */
async function play(count: number, script: readonly Step[]) {
  const browser = createBrowser(count)
  const { app, network, tabs, signedOut } = browser
  try {
    await tabs[0]!.auth.signIn()
    for (const step of script) await browser.take(step)
    await browser.calm()
    // So long the server may want no request.
    await browser.take({ do: 'tick', seconds: RETRY_AFTER_SECONDS })

    const { reused } = app.server
    if (!network.sent.some(({ fate }) => lied(fate))) expect(reused, 'reuse without a lost answer').toEqual([])

    for (const tab of [...tabs, browser.openTab()]) {
      await browser.calm(tab.auth.restore())
      const nonce = `${tab.auth.session?.claims?.nonce}`
      expect(signedOut.has(nonce), 'a session that was signed out of').toBe(false)
      const token = await browser.calm(tab.ask())
      if (token) expect(app.server.isActive(token) || reused.length > 0, 'a good token').toBe(true)
      else {
        expect(tab.auth.session, 'a session without a token').toBeUndefined()
        await expect(tab.auth.getAccessToken()).rejects.toMatchObject({ code: 'login_required' })
      }
      expect(signedOut.has(`${browser.nonceOf(await browser.stored())}`), 'left in the store').toBe(false)
    }
  } finally {
    for (const { auth } of browser.tabs) auth.close()
  }
}

const property = (fates: Fate[], numRuns: number) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps(fates), async (count, script) => {
      expect(await uncaughtDuring(() => play(count, script))).toEqual([])
    }),
    // What hangs is a failure, told while there is still time to report it.
    { numRuns, interruptAfterTimeLimit: 50_000, markInterruptAsFailure: true },
  )

describe('sessions of 1 to 4 tabs, whatever happens in which order', () => {
  it('over a network that loses requests, but no answer', { timeout: 60_000 }, () => property(['lost before'], 100))
  it('over a network that loses anything', { timeout: 60_000 }, () => property(FATES, 150))
})
