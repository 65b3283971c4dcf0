// @vitest-environment happy-dom
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProofkeyError } from '../../src/errors.js'
import { frame } from '../../src/user-agents/frame.js'
import type { SignInOverrides, SilentUserAgent } from '../../src/user-agents/user-agent.js'
import { describeUserAgent } from '../contracts/user-agent.js'
import { type LeftBehind, watchLeftBehind } from '../helpers/left-behind.js'
import { goTo } from '../helpers/page.js'
import { refusal } from '../helpers/refusal.js'
import { requestUrl } from '../helpers/sign-in-attempt.js'
import { ADA, ticketFor } from '../helpers/tickets.js'
import { createWindow, hear, say, stateOf, stubFrames } from '../helpers/windows.js'

const redirectUri = `${location.origin}/callback`

describeUserAgent('frame', ({ timeoutSeconds }) => {
  const frames = stubFrames()
  return {
    agent: frame({ timeoutSeconds }),
    redirectUri,
    get sent() {
      return frames.map(({ src }) => src)
    },
    held: () => document.querySelectorAll('iframe').length,
    deliver(url) {
      for (const { src, window } of frames) {
        say(url, stateOf(src))
        hear(url, window)
      }
    },
  }
})

describe('frame', () => {
  let frames: ReturnType<typeof stubFrames>
  let traces: LeftBehind

  beforeEach(() => {
    traces = watchLeftBehind()
    frames = stubFrames()
  })
  afterEach(() => {
    try {
      expect(document.querySelectorAll('iframe')).toHaveLength(0)
      expect(traces.left()).toEqual([])
    } finally {
      vi.useRealTimers()
      vi.unstubAllGlobals()
      vi.restoreAllMocks()
      goTo('http://localhost:3000/')
    }
  })

  interface TripOptions {
    server?: string
    ends?: () => Promise<void>
    agent?: SilentUserAgent
    signal?: AbortSignal
  }
  type Trip = Awaited<ReturnType<typeof travel>>

  /** A sign-in whose frame is at the server; `ends` is what becomes of its answer. */
  async function travel({
    server = 'https://as.example',
    ends = async () => {},
    agent = frame(),
    signal,
  }: TripOptions = {}) {
    const here = `${location.origin}/callback`
    const state = ticketFor(ADA)
    const answer = `${here}?code=x&state=${state}`
    const begin = vi.fn(async (_?: SignInOverrides) => requestUrl(`${server}/authorize?state=${state}`, state))
    const complete = vi.fn(ends)
    const opening = agent.open({
      redirectUri: here,
      signal,
      begin,
      isCallback: (url) => url === answer,
      complete,
    })
    const seen = { outcome: 'pending' }
    opening.then(
      () => (seen.outcome = 'done'),
      (error) => (seen.outcome = error.code),
    )
    await setImmediate()
    const [shown] = frames.slice(-1)
    const finish = () => {
      say(answer, state)
      return opening
    }
    return { begin, complete, opening, seen, state, answer, finish, shown: shown! }
  }

  it('asks for prompt=none, and for its own redirect URI before the client’s', async () => {
    const first = await travel()
    expect(first.begin.mock.calls).toEqual([[{ redirectUri, prompt: 'none' }]])
    await first.finish()
    const own = `${location.origin}/silent.html`
    const second = await travel({ agent: frame({ redirectUri: own }) })
    expect(second.begin.mock.calls).toEqual([[{ redirectUri: own, prompt: 'none' }]])
    await second.finish()
  })

  it('shows the server’s page hidden, and lets it run but not take this page elsewhere', async () => {
    const { shown, finish } = await travel()
    const { element, src } = shown
    expect(element.isConnected).toBe(true)
    expect(element.hidden).toBe(true)
    expect(src).toMatch(/^https:\/\/as\.example\/authorize\?state=/)
    expect([...element.sandbox].sort()).toEqual(['allow-forms', 'allow-same-origin', 'allow-scripts'])
    await finish()
    expect(element.isConnected).toBe(false)
  })

  it('gives the frame the permissions that it was told, and no others', async () => {
    const plain = await travel()
    expect(plain.shown.element.getAttribute('allow') ?? '').toBe('')
    await plain.finish()
    const local = await travel({ agent: frame({ allow: ['local-network', 'loopback-network'] }) })
    expect(local.shown.element.allow).toBe('local-network; loopback-network')
    expect([...local.shown.element.sandbox]).not.toContain('allow-storage-access-by-user-activation')
    await local.finish()
    const stored = await travel({ agent: frame({ allow: ['storage-access'] }) })
    expect(stored.shown.element.allow).toBe('storage-access')
    expect([...stored.shown.element.sandbox].sort()).toEqual([
      'allow-forms',
      'allow-same-origin',
      'allow-scripts',
      'allow-storage-access-by-user-activation',
    ])
    await stored.finish()
  })

  it('works before the page has a body', async () => {
    vi.spyOn(document, 'body', 'get').mockReturnValue(null as unknown as HTMLBodyElement)
    const { finish, complete } = await travel()
    await finish()
    expect(complete).toHaveBeenCalledTimes(1)
  })

  it('gives up after 10 seconds, or as many as it is told', async () => {
    for (const [agent, seconds] of [
      [frame(), 10],
      [frame({ timeoutSeconds: 3 }), 3],
    ] as const) {
      const { seen, opening } = await travel({ agent })
      vi.advanceTimersByTime(seconds * 1000 - 1)
      await setImmediate()
      expect(seen.outcome).toBe('pending')
      vi.advanceTimersByTime(1)
      await refusal(opening, 'timeout')
    }
  })

  describe('at the timeout', () => {
    const endsAt = async (shows: (trip: Trip) => void, server?: string) => {
      const trip = await travel({ ...(server && { server }) })
      shows(trip)
      vi.advanceTimersByTime(10_000)
      await setImmediate()
      return trip
    }
    /** Shows a page of this origin. */
    const show = ({ shown: { element, window } }: Trip, url: string, readyState: DocumentReadyState = 'complete') => {
      window.visited.push(url)
      window.page = { url, readyState }
      if (readyState === 'complete') element.dispatchEvent(new Event('load'))
    }

    it('says that its callback page did not relay, and what that page has to call', async () => {
      const { opening } = await endsAt((trip) => show(trip, trip.answer))
      const { message, hint } = await refusal(opening, 'callback_not_relayed')
      expect(message).toContain(redirectUri)
      expect(hint).toMatch(/start\(\{ relay: relayCallback \}\)/)
    })

    it('says so too where that page has gone on to another page of the app', async () => {
      const { opening } = await endsAt((trip) => {
        show(trip, trip.answer)
        show(trip, `${location.origin}/inbox`)
      })
      await refusal(opening, 'callback_not_relayed')
    })

    it.each<[string, (trip: Trip) => void]>([
      ['its callback page is loading', (trip) => show(trip, trip.answer, 'interactive')],
      ['a page of the server is shown, on this origin', (trip) => show(trip, `${location.origin}/authorize`)],
      ['nothing can be read', ({ shown, answer }) => shown.window.visited.push(answer)],
    ])('is a timeout where %s', async (_, shows) => {
      await refusal((await endsAt(shows)).opening, 'timeout')
    })

    it.each([
      'http://localhost:3000',
      'https://as.localhost',
      'https://printer.local',
      'https://printer.local.',
      'https://127.0.0.1:8443',
      'https://10.0.0.7',
      'https://172.16.0.1',
      'https://172.31.255.1',
      'https://192.168.1.1',
      'https://169.254.1.1',
      'https://[::1]',
      'https://[fd00::1]',
      'https://[fe80::1]',
    ])('of a public page at %s, says that the browser may have blocked the frame', async (server) => {
      goTo('https://app.example.com/')
      const { opening } = await endsAt(() => {}, server)
      const { message, hint } = await refusal(opening, 'frame_blocked')
      expect(message).toBe(`No response from ${new URL(server).host}: the browser may block its private network.`)
      expect(hint).toContain('redirect()')
    })

    it.each([
      ['https://app.example.com', 'https://login.example.com'],
      ['https://app.example.com', 'https://10.example.com'],
      ['https://app.example.com', 'https://local.example.com'],
      ['https://app.example.com', 'https://notlocal'],
      ['https://app.example.com', 'https://172.32.0.1'],
      ['https://app.example.com', 'https://11.0.0.1'],
      ['https://app.example.com', 'https://[2001:db8::1]'],
      ['http://localhost:5173', 'http://127.0.0.1:3000'],
      ['http://192.168.0.2', 'https://192.168.0.1'],
    ])('of %s at %s, is a timeout', async (app, server) => {
      goTo(`${app}/`)
      await refusal((await endsAt(() => {}, server)).opening, 'timeout')
    })

    it('an abort stays an abort', async () => {
      const abort = new AbortController()
      const trip = await travel({ signal: abort.signal })
      show(trip, trip.answer)
      abort.abort()
      await refusal(trip.opening, 'aborted')
    })
  })

  it('needs the origin of its redirect URI', async () => {
    const { begin, opening } = await travel({ agent: frame({ redirectUri: 'https://elsewhere.example/silent' }) })
    await refusal(opening, 'redirect_uri_mismatch')
    expect(begin).not.toHaveBeenCalled()
  })

  const loginRequired = () => Promise.reject(new ProofkeyError('login_required', 'Nobody is signed in.'))
  const SITES: [app: string, server: string, same: boolean][] = [
    ['https://app.example.com', 'https://app.example.com', true],
    ['https://app.example.com', 'https://login.example.com', true],
    ['https://example.com', 'https://login.example.com', true],
    ['https://app.example.com', 'https://example.com', true],
    ['https://a.b.example.com', 'https://x.y.example.com', true],
    ['https://app.example.co.uk', 'https://login.example.co.uk', true],
    ['https://example.co.uk', 'https://login.example.co.uk', true],
    ['https://app.example.de', 'https://login.example.de', true],
    ['http://localhost:5173', 'http://localhost:3000', true],
    ['https://app.example.com', 'https://app.example.org', false],
    ['https://app.example.com', 'https://notexample.com', false],
    ['https://example.com', 'https://other.com', false],
    ['https://app.co.uk', 'https://login.co.uk', false],
    ['https://shop.app.co.uk', 'https://login.other.co.uk', false],
    ['https://app.com.au', 'https://other.com.au', false],
    ['http://localhost:5173', 'http://127.0.0.1:3000', false],
    ['https://app.example', 'https://as.example', false],
    // The scheme is part of the site: an http page sends an https server no cookies.
    ['http://app.example.com', 'https://app.example.com', false],
    ['http://app.example.com', 'https://login.example.com', false],
    ['http://localhost:5173', 'https://localhost:3000', false],
    ['https://localhost:5173', 'http://localhost:3000', false],
    ['http://127.0.0.1:5173', 'http://127.0.0.1:3000', true],
    ['http://10.1.0.1:5173', 'http://10.2.0.1:3000', false],
    ['http://10.0.0.1:5173', 'http://10.0.0.2:3000', false],
    ['http://[::1]:5173', 'http://[::1]:3000', true],
    ['http://[::1]:5173', 'http://[::2]:3000', false],
    ['http://app.localhost:5173', 'http://login.localhost:3000', false],
    ['http://localhost:5173', 'http://login.localhost:3000', false],
    ['http://app.shop.localhost:5173', 'http://login.shop.localhost:3000', true],
    ['https://intranet', 'https://intranet', true],
    ['https://intranet', 'https://login.intranet', false],
    ['https://app.example.com.', 'https://login.example.com.', true],
    ['https://app.example.com.', 'https://other.com.', false],
    ['https://app.example.co.uk.', 'https://login.other.co.uk.', false],
    ['https://app.example.com.', 'https://login.example.com', false],
    ['https://app.example.com', 'https://app.example.com.', false],
  ]
  it.each(SITES)('where nobody is signed in: %s at %s, same site: %s', async (app, server, same) => {
    goTo(`${app}/`)
    const { finish, complete } = await travel({ server, ends: loginRequired })
    const error = await refusal(finish(), same ? 'login_required' : 'frame_blocked')
    expect(complete).toHaveBeenCalledTimes(1)
    if (!same) expect(error.hint).toContain("prompt: 'none'")
  })

  it.each(['consent_required', 'interaction_required', 'account_selection_required', 'access_denied'] as const)(
    'passes on %s of another site as it is: somebody is signed in',
    async (code) => {
      const error = new ProofkeyError(code, 'The server refused.')
      const { finish } = await travel({ ends: () => Promise.reject(error) })
      await expect(finish()).rejects.toBe(error)
    },
  )

  it('hears its own frame from this origin, and tells it so there only', async () => {
    const { shown, answer, opening } = await travel()
    hear(answer, shown.window)
    await opening
    expect(shown.window.postMessage.mock.calls).toEqual([[expect.any(String), location.origin]])
  })

  it.each([
    [
      'its frame from the server’s origin',
      ({ answer, shown }: Trip) => hear(answer, shown.window, 'https://as.example'),
    ],
    ['its frame from an opaque origin', ({ answer, shown }: Trip) => hear(answer, shown.window, 'null')],
    ['another window of this origin', ({ answer }: Trip) => hear(answer, createWindow())],
    ['a channel without the state', ({ answer }: Trip) => say(answer, null)],
  ])('hears nothing of %s', async (_, attack) => {
    const trip = await travel()
    attack(trip)
    await setImmediate()
    await setImmediate()
    expect(trip.seen.outcome).toBe('pending')
    await trip.finish()
    expect(trip.complete).toHaveBeenCalledTimes(1)
  })
})
