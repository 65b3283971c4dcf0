// @vitest-environment happy-dom
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { popup } from '../../src/user-agents/popup.js'
import type { AuthorizationRequestUrl, UserAgent } from '../../src/user-agents/user-agent.js'
import { describeUserAgent } from '../contracts/user-agent.js'
import { type LeftBehind, watchLeftBehind } from '../helpers/left-behind.js'
import { refusal } from '../helpers/refusal.js'
import { requestUrl, signInAttempt } from '../helpers/sign-in-attempt.js'
import { ADA, ticketFor } from '../helpers/tickets.js'
import { createWindow, hear, type OtherWindow, say, stateOf, stubOpen } from '../helpers/windows.js'

const redirectUri = `${location.origin}/callback`

describeUserAgent(
  'popup',
  ({ timeoutSeconds }) => {
    const windows = stubOpen()
    return {
      agent: popup({ timeoutSeconds }),
      redirectUri,
      get sent() {
        return windows.flatMap(({ visited }) => visited)
      },
      held: () => windows.filter(({ closed }) => !closed).length,
      deliver(url) {
        const last = windows.at(-1)!
        say(url, stateOf(last.visited[0]!))
        hear(url, last)
      },
      close: () => windows.at(-1)!.close(),
    }
  },
  { opensAtOnce: true, tellsClosing: true, oneAtATime: true },
)

interface Trip {
  readonly answer: string
  readonly window: OtherWindow
}

describe('popup', () => {
  let windows: OtherWindow[]
  let traces: LeftBehind

  beforeEach(() => {
    traces = watchLeftBehind()
    windows = stubOpen()
  })
  afterEach(async () => {
    try {
      await setImmediate()
      for (const opened of windows) expect(opened.closed).toBe(true)
      expect(traces.left()).toEqual([])
    } finally {
      vi.useRealTimers()
      vi.unstubAllGlobals()
      vi.restoreAllMocks()
    }
  })

  /** A sign-in that is at the server, in the newest of the windows. */
  async function travel(agent = popup(), state = ticketFor(ADA), signal?: AbortSignal) {
    const answer = `${redirectUri}?code=x&state=${state}`
    const complete = vi.fn(async () => {})
    const opening = agent.open({
      redirectUri,
      signal,
      begin: async () => requestUrl(`https://as.example/authorize?state=${state}`, state),
      isCallback: (url) => url === answer,
      complete,
    })
    const seen = { outcome: 'pending' }
    opening.then(
      () => (seen.outcome = 'done'),
      (error) => (seen.outcome = error.code),
    )
    await setImmediate()
    return { opening, complete, seen, state, answer, window: windows.at(-1)! }
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      vi.advanceTimersByTime(250)
      await setImmediate()
    }
  }
  const finish = async ({ answer, state, opening }: Awaited<ReturnType<typeof travel>>) => {
    say(answer, state)
    await opening
  }

  it('opens one window of the size asked for, in the middle of this one', async () => {
    vi.stubGlobal('screenX', 100)
    vi.stubGlobal('screenY', 50)
    vi.stubGlobal('outerWidth', 1000)
    vi.stubGlobal('outerHeight', 900)
    await finish(await travel(popup({ width: 400, height: 500 })))
    const [url, target, features] = vi.mocked(open).mock.calls[0]!
    expect(url).toMatch(/^(about:blank)?$/)
    expect(target).toBe('_blank')
    expect(String(features).split(',').sort()).toEqual(['height=500', 'left=400', 'popup', 'top=250', 'width=400'])
    expect(open).toHaveBeenCalledTimes(1)
  })

  it('that is blocked says so, and begins nothing', async () => {
    vi.mocked(open).mockReturnValue(null)
    const begin = vi.fn()
    await refusal(popup().open(signInAttempt({ redirectUri, begin })), 'popup_blocked')
    expect(begin).not.toHaveBeenCalled()
    // And does not stand in the way of the next.
    vi.mocked(open).mockRestore()
    windows = stubOpen()
    await finish(await travel())
  })

  it('needs the origin of its redirect URI', async () => {
    const redirectUri = 'https://elsewhere.example/callback'
    await refusal(popup().open(signInAttempt({ redirectUri, begin: vi.fn() })), 'redirect_uri_mismatch')
    expect(windows).toEqual([])
    // Its own goes before the client's.
    const begin = vi.fn(async () => Promise.reject(new Error('begun')))
    const own = `${location.origin}/popup.html`
    await expect(popup({ redirectUri: own }).open(signInAttempt({ redirectUri, begin }))).rejects.toThrow('begun')
    expect(begin).toHaveBeenCalledWith({ redirectUri: own })
  })

  it.each([
    ['of the same agent', (agent: UserAgent) => agent],
    ['of another one', () => popup()],
  ])('a second sign-in %s brings the window to the front, and the first goes on', async (_, second) => {
    const agent = popup()
    const first = await travel(agent)
    const begin = vi.fn()
    await refusal(second(agent).open(signInAttempt({ redirectUri, begin })), 'popup_already_open')
    expect(first.window.focus).toHaveBeenCalledTimes(1)
    expect(windows).toHaveLength(1)
    expect(begin).not.toHaveBeenCalled()
    expect(first.seen.outcome).toBe('pending')
    await finish(first)
  })

  it('closed by the person is cancelled', async () => {
    const trip = await travel()
    await pass(1000)
    trip.window.close()
    await pass(2000)
    expect(trip.seen.outcome).toBe('cancelled')
    await finish(await travel())
  })

  it('closed by its own page with the answer on the way is not', async () => {
    const trip = await travel()
    await pass(1000)
    trip.window.close()
    await pass(500)
    await finish(trip)
    expect(trip.complete.mock.calls).toEqual([[trip.answer]])
  })

  it('closed before the sign-in has begun is cancelled, and goes nowhere', async () => {
    let begun = (_: AuthorizationRequestUrl) => {}
    const begin = () => new Promise<AuthorizationRequestUrl>((resolve) => (begun = resolve))
    const opening = popup().open(signInAttempt({ redirectUri, begin }))
    windows[0]!.close()
    begun(requestUrl())
    await refusal(opening, 'cancelled')
    expect(windows[0]!.visited).toEqual([])
  })

  it('closed is not noticed where the person comes back only later: a window that is cut off looks the same', async () => {
    const focus = vi.spyOn(document, 'hasFocus').mockReturnValue(false)
    const trip = await travel()
    await pass(5000)
    trip.window.close()
    await pass(5000)
    focus.mockReturnValue(true)
    await pass(60_000)
    expect(trip.seen.outcome).toBe('pending')
    await finish(trip)
  })

  describe('that shows a page of this origin', () => {
    const shows = (trip: Trip, url: string, readyState: DocumentReadyState = 'complete') => {
      trip.window.page = { url, readyState }
    }

    it('says that its callback page does not relay, and what that page has to call', async () => {
      const trip = await travel()
      shows(trip, trip.answer)
      await pass(4750)
      expect(trip.seen.outcome).toBe('pending')
      await pass(500)
      const { message, hint } = await refusal(trip.opening, 'callback_not_relayed')
      expect(message).toContain(redirectUri)
      expect(message).not.toContain(trip.state)
      expect(hint).toMatch(/start\(\{ relay: relayCallback \}\)/)
      expect(trip.complete).not.toHaveBeenCalled()
    })

    it('says so too where the callback page has gone on to another page of the app', async () => {
      const trip = await travel()
      shows(trip, trip.answer)
      await pass(250)
      shows(trip, `${location.origin}/inbox`)
      await pass(5000)
      expect(trip.seen.outcome).toBe('callback_not_relayed')
    })

    it('counts no time in which its callback page is loading, or which it spends at the server', async () => {
      const trip = await travel()
      for (const readyState of ['loading', 'interactive'] as const) {
        shows(trip, trip.answer, readyState)
        await pass(60_000)
      }
      trip.window.page = undefined
      await pass(60_000)
      shows(trip, trip.answer)
      await pass(4500)
      expect(trip.seen.outcome).toBe('pending')
      await finish(trip)
      expect(trip.complete).toHaveBeenCalledTimes(1)
    })

    it.each<[string, (trip: Trip) => string]>([
      ['the server’s, on this origin', () => `${location.origin}/authorize`],
      ['the server’s, at the path of the redirect URI', () => `${redirectUri}?login_challenge=x`],
      ['the callback of another sign-in', () => `${redirectUri}?code=x&state=${ticketFor(ADA)}`],
    ])('waits on where the page is %s', async (_, urlFor) => {
      const trip = await travel()
      shows(trip, urlFor(trip))
      await pass(60_000)
      expect(trip.seen.outcome).toBe('pending')
      await finish(trip)
    })

    it('waits on where COOP has cut it off at its callback page', async () => {
      vi.spyOn(document, 'hasFocus').mockReturnValue(false)
      const trip = await travel()
      shows(trip, trip.answer)
      trip.window.closed = true
      await pass(60_000)
      expect(trip.seen.outcome).toBe('pending')
      await finish(trip)
    })

    it.each([
      [500, 'cancelled'],
      [2000, 'callback_not_relayed'],
    ])('that the person closes after %i ms of its callback page is %s', async (ms, outcome) => {
      const trip = await travel()
      await pass(500)
      shows(trip, trip.answer)
      await pass(ms)
      trip.window.close()
      await pass(2000)
      expect(trip.seen.outcome).toBe(outcome)
    })
  })

  it('aborted is closed in the same turn: the next one opens a window of its own', async () => {
    const abort = new AbortController()
    const first = await travel(popup(), undefined, abort.signal)
    abort.abort()
    const second = travel()
    expect(first.window.closed).toBe(true)
    expect(windows).toHaveLength(2)
    await finish(await second)
    expect(first.seen.outcome).toBe('aborted')
  })

  it.each([Number.POSITIVE_INFINITY, 30 * 24 * 3600])(
    'waits as long as a timer can, where it is told to for %s s',
    async (timeoutSeconds) => {
      const trip = await travel(popup({ timeoutSeconds }))
      await pass(60_000)
      expect(trip.seen.outcome).toBe('pending')
      await finish(trip)
    },
  )

  it('cut off by the server’s COOP is not cancelled: the answer comes by the channel', async () => {
    const focus = vi.spyOn(document, 'hasFocus').mockReturnValue(false)
    const trip = await travel()
    // It looks closed from here on, while the person goes on in it.
    trip.window.closed = true
    await pass(120_000)
    expect(trip.seen.outcome).toBe('pending')
    focus.mockReturnValue(true)
    await pass(60_000)
    expect(trip.seen.outcome).toBe('pending')
    await finish(trip)
    expect(trip.complete.mock.calls).toEqual([[trip.answer]])
  })

  it('cut off at once is not cancelled either where this page always seems to have the focus', async () => {
    const trip = await travel()
    trip.window.closed = true
    await pass(120_000)
    expect(trip.seen.outcome).toBe('pending')
    await finish(trip)
  })

  it('cut off gives way to a new sign-in', async () => {
    vi.spyOn(document, 'hasFocus').mockReturnValue(false)
    const agent = popup()
    const first = await travel(agent)
    first.window.closed = true
    await pass(10_000)
    const second = await travel(agent)
    expect(first.seen.outcome).toBe('cancelled')
    expect(windows).toHaveLength(2)
    expect(second.seen.outcome).toBe('pending')
    say(first.answer, first.state)
    await setImmediate()
    expect(first.complete).not.toHaveBeenCalled()
    await finish(second)
    expect(second.complete.mock.calls).toEqual([[second.answer]])
  })

  it('cut off stays awaited where the browser blocks the new one', async () => {
    vi.spyOn(document, 'hasFocus').mockReturnValue(false)
    const agent = popup()
    const first = await travel(agent)
    first.window.closed = true
    vi.mocked(open).mockReturnValueOnce(null)
    await refusal((await travel(agent)).opening, 'popup_blocked')
    expect(first.seen.outcome).toBe('pending')
    await finish(first)
  })

  describe('hears', () => {
    it('its own window from its own origin, and tells it so there only', async () => {
      const trip = await travel()
      hear(trip.answer, trip.window)
      await trip.opening
      expect(trip.window.postMessage.mock.calls).toEqual([[expect.any(String), location.origin]])
      expect(trip.complete.mock.calls).toEqual([[trip.answer]])
    })

    it.each([
      ['its window from another origin', (trip: Trip) => hear(trip.answer, trip.window, 'https://as.example')],
      ['its window from an opaque origin', (trip: Trip) => hear(trip.answer, trip.window, 'null')],
      [
        'its window from a longer origin',
        (trip: Trip) => hear(trip.answer, trip.window, `${location.origin}.evil.example`),
      ],
      ['another window of its origin', (trip: Trip) => hear(trip.answer, createWindow())],
      ['itself', (trip: Trip) => hear(trip.answer, window)],
      ['a channel without the state', (trip: Trip) => say(trip.answer, null)],
      ['a channel of another state', (trip: Trip) => say(trip.answer, ticketFor(ADA))],
    ])('nothing of %s', async (_, attack) => {
      const trip = await travel()
      attack(trip)
      await setImmediate()
      await setImmediate()
      expect(trip.seen.outcome).toBe('pending')
      expect(trip.window.postMessage).not.toHaveBeenCalled()
      await finish(trip)
      expect(trip.complete).toHaveBeenCalledTimes(1)
    })

    it('nothing in any garbage', async () => {
      const trip = await travel()
      await fc.assert(
        fc.asyncProperty(fc.anything({ withDate: true, withMap: true, withBigInt: true }), async (data) => {
          hear(data, trip.window)
          say(structuredClone(data), trip.state)
          await setImmediate()
          expect(trip.seen.outcome).toBe('pending')
        }),
        { numRuns: 100 },
      )
      expect(trip.window.postMessage).not.toHaveBeenCalled()
      await finish(trip)
    })

    it('on a channel that others cannot guess: its name is the state', async () => {
      const names: string[] = []
      const Channel = BroadcastChannel
      vi.stubGlobal(
        'BroadcastChannel',
        class extends Channel {
          constructor(name: string) {
            super(name)
            names.push(name)
          }
        },
      )
      const trip = await travel()
      expect(names).toEqual([expect.stringContaining(trip.state)])
      await finish(trip)
    })
  })
})
