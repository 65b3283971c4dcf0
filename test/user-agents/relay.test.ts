// @vitest-environment happy-dom
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Undo } from '../../src/user-agents/callback-wait.js'
import { frame } from '../../src/user-agents/frame.js'
import { popup } from '../../src/user-agents/popup.js'
import { listenForCallback, relayCallback } from '../../src/user-agents/relay.js'
import type { SignInAttempt } from '../../src/user-agents/user-agent.js'
import { type LeftBehind, watchLeftBehind } from '../helpers/left-behind.js'
import { createLocks } from '../helpers/locks.js'
import { goTo } from '../helpers/page.js'
import { requestUrl, signInAttempt } from '../helpers/sign-in-attempt.js'
import { ADA, ticketFor } from '../helpers/tickets.js'
import { createWindow, hear, type OtherWindow, say, stubFrames, stubOpen } from '../helpers/windows.js'

const page = 'https://app.example/callback'
/** What the other end says when it has got the URL. */
let RECEIVED: unknown
let state: string
let callback: string
let waiting: OtherWindow
let traces: LeftBehind
const close = vi.fn()

beforeEach(() => {
  traces = watchLeftBehind()
  close.mockReset()
  waiting = createWindow()
  vi.stubGlobal('close', close)
  vi.stubGlobal('opener', waiting)
  vi.stubGlobal('parent', window)
  RECEIVED = receipt()
  state = ticketFor(ADA)
  callback = `${page}?lang=de&code=x&state=${state}&iss=https%3A%2F%2Fas.example#top`
  goTo(callback)
})
afterEach(() => {
  try {
    expect(traces.left()).toEqual([])
  } finally {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  }
})

/** Listens as a user agent does. @returns a function that ends the wait */
function waitFor(attempt: SignInAttempt, state: string, from: Window, receive: (url: string) => void): () => void {
  const undos: (Undo | undefined)[] = []
  let ended = false
  const onEnd = (undo?: Undo) => {
    if (ended) undo?.()
    else undos.push(undo)
  }
  listenForCallback(attempt, state, from, { receive, fail() {}, onEnd })
  return () => {
    ended = true
    for (const undo of undos) undo?.()
  }
}

function receipt(): unknown {
  const from = createWindow()
  const attempt = signInAttempt({ isCallback: () => true })
  const undo = waitFor(attempt, 's', from as unknown as Window, () => {})
  hear(page, from)
  undo()
  return from.postMessage.mock.calls[0]?.[0]
}

/** Relays, and notes what comes of it. */
function relay() {
  const seen: { received?: boolean } = {}
  const work = relayCallback().then((received) => {
    seen.received = received
    return received
  })
  return { seen, work }
}

/** What is heard on the sign-in's channel. */
async function overheard(name: string | null, work: () => Promise<unknown>): Promise<unknown[]> {
  const heard: unknown[] = []
  const channel = new BroadcastChannel(`proofkey ${name}`)
  channel.onmessage = ({ data }) => heard.push(data)
  await work()
  await setImmediate()
  await setImmediate()
  channel.close()
  return heard
}

const untilPatienceEnds = async (work: Promise<boolean>) => {
  await setImmediate()
  vi.advanceTimersByTime(500)
  return work
}

describe('relayCallback', () => {
  it('takes the URL out of the address bar before the first await', async () => {
    history.replaceState({ router: 1 }, '')
    const { length } = history
    const { work } = relay()
    expect(location.href).toBe(page)
    expect(history.length).toBe(length)
    expect(history.state).toEqual({ router: 1 })
    await setImmediate()
    hear(RECEIVED, waiting)
    await work
    expect(location.href).toBe(page)
  })

  it.each(['state=open', 'state=', 'page=2'])('leaves the URL of a page of the app alone: %s', async (query) => {
    goTo(`https://app.example/shop?${query}&code=red#top`)
    const { work } = relay()
    expect(location.href).toBe(`https://app.example/shop?${query}&code=red#top`)
    await work
    expect(location.href).toBe(`https://app.example/shop?${query}&code=red#top`)
  })

  it('does not put it back where a router shows another one by then', async () => {
    const { work } = relay()
    history.replaceState(null, '', '/inbox')
    await expect(untilPatienceEnds(work)).resolves.toBe(false)
    expect(location.href).toBe('https://app.example/inbox')
  })

  it('puts it back where nobody waits, after half a second', async () => {
    const { work, seen } = relay()
    await setImmediate()
    vi.advanceTimersByTime(499)
    await setImmediate()
    expect(seen).toEqual({})
    vi.advanceTimersByTime(1)
    await expect(work).resolves.toBe(false)
    expect(location.href).toBe(callback)
    expect(close).not.toHaveBeenCalled()
  })

  it('closes the window where the opener has taken it', async () => {
    const { work } = relay()
    await setImmediate()
    hear(RECEIVED, waiting)
    await expect(work).resolves.toBe(true)
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('closes the window where it was taken on the channel: the opener is cut off', async () => {
    vi.stubGlobal('opener', null)
    const { work } = relay()
    await setImmediate()
    say(RECEIVED, state)
    await expect(work).resolves.toBe(true)
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('says the URL to the opener, at this origin only', async () => {
    await untilPatienceEnds(relay().work)
    expect(waiting.postMessage.mock.calls).toEqual([[callback, location.origin]])
  })

  it('says it to the page around it, where it is in a frame', async () => {
    vi.stubGlobal('opener', null)
    vi.stubGlobal('parent', waiting)
    const { work } = relay()
    await setImmediate()
    expect(waiting.postMessage.mock.calls).toEqual([[callback, location.origin]])
    hear(RECEIVED, waiting)
    await expect(work).resolves.toBe(true)
  })

  it('says it to no window where it is in one of its own: other scripts of this page would hear it', async () => {
    vi.stubGlobal('opener', null)
    vi.stubGlobal('postMessage', vi.fn())
    await expect(untilPatienceEnds(relay().work)).resolves.toBe(false)
    expect(postMessage).not.toHaveBeenCalled()
  })

  it('says it on the channel of its state, and on no other', async () => {
    expect(await overheard(state, () => untilPatienceEnds(relay().work))).toEqual([callback])
    for (const other of [null, '', 'undefined', ticketFor(ADA)]) {
      expect(await overheard(other, () => untilPatienceEnds(relay().work))).toEqual([])
    }
  })

  it('reads a response in the fragment too', async () => {
    callback = `${page}#code=x&state=${state}`
    goTo(callback)
    expect(
      await overheard(state, async () => {
        const { work } = relay()
        expect(location.href).toBe(page)
        await untilPatienceEnds(work)
      }),
    ).toEqual([callback])
    expect(location.href).toBe(callback)
  })

  it.each(['', '?code=x', '?state=', '#state', '?lang=de#top'])(
    'does nothing on a page that is not a callback: %j',
    async (end) => {
      goTo(page + end)
      vi.resetModules()
      const { relayCallback } = await import('../../src/user-agents/relay.js')
      await expect(relayCallback()).resolves.toBe(false)
      expect(location.href).toBe(page + end)
      expect(waiting.postMessage).not.toHaveBeenCalled()
    },
  )

  it.each([
    ['another origin', () => hear(RECEIVED, waiting, 'https://evil.example')],
    ['another window of this origin', () => hear(RECEIVED, createWindow())],
    ['itself', () => hear(RECEIVED, window)],
    ['another word', () => hear(`${RECEIVED}!`, waiting)],
    ['another state’s channel', () => say(RECEIVED, ticketFor(ADA))],
  ])('takes no receipt from %s', async (_, forge) => {
    const { work, seen } = relay()
    await setImmediate()
    forge()
    await setImmediate()
    await setImmediate()
    expect(seen).toEqual({})
    expect(close).not.toHaveBeenCalled()
    hear(RECEIVED, waiting)
    await expect(work).resolves.toBe(true)
  })

  it('takes no garbage for a receipt', async () => {
    const { work, seen } = relay()
    const garbage = fc.anything({ withDate: true, withMap: true }).filter((data) => data !== RECEIVED)
    await fc.assert(
      fc.asyncProperty(garbage, async (data) => {
        hear(data, waiting)
        say(structuredClone(data), state)
        await setImmediate()
        expect(seen).toEqual({})
      }),
      { numRuns: 50 },
    )
    await expect(untilPatienceEnds(work)).resolves.toBe(false)
  })
})

describe('relayCallback, called twice by a page of two components,', () => {
  it('gives both the receipt', async () => {
    const both = Promise.all([relayCallback(), relayCallback()])
    await setImmediate()
    hear(RECEIVED, waiting)
    await expect(both).resolves.toEqual([true, true])
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('tells both that nobody waits', async () => {
    const both = [relay().work, relay().work]
    for (const work of both) await expect(untilPatienceEnds(work)).resolves.toBe(false)
    expect(waiting.postMessage).toHaveBeenCalledTimes(1)
  })
})

describe('with Web Locks, relayCallback', () => {
  let locks: ReturnType<typeof createLocks>
  beforeEach(() => {
    locks = createLocks()
    vi.stubGlobal('navigator', { locks })
    vi.stubGlobal('opener', null)
  })
  const turns = async (ms = 0) => {
    vi.advanceTimersByTime(ms)
    for (let turn = 0; turn < 5; turn++) await setImmediate()
  }
  /** A page waits for this sign-in, and is too busy to hear. @returns what ends its waiting, without a word */
  async function waitBusily(name = lockOf(state)) {
    let end = () => {}
    locks.request(name, () => new Promise<void>((resolve) => (end = resolve)))
    await turns()
    return end
  }
  const lockOf = (state: string) => `proofkey ${state.slice(0, 13)}`

  it('gives up at once where nobody waits, in a window that nobody opened', async () => {
    await waitBusily('proofkey of another')
    await expect(relay().work).resolves.toBe(false)
    expect(location.href).toBe(callback)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each(['opener', 'parent'])(
    'waits half a second for its %s that holds none: it may be of another partition',
    async (name) => {
      vi.stubGlobal(name, waiting)
      const { work, seen } = relay()
      await turns()
      await turns(499)
      expect(seen).toEqual({})
      await turns(1)
      await expect(work).resolves.toBe(false)
    },
  )

  it.each([
    ['was opened by it', () => waiting],
    ['is cut off from it', () => null],
  ])('waits as long as a page does, which is busy, where this one %s', async (_, opener) => {
    vi.stubGlobal('opener', opener())
    const end = await waitBusily()
    const { work, seen } = relay()
    for (let second = 0; second < 60; second++) await turns(1000)
    expect(seen).toEqual({})
    expect(location.href).toBe(page)
    say(RECEIVED, state)
    await expect(work).resolves.toBe(true)
    end()
  })

  it('sees that a page waits before it says anything, for that lets the lock go', async () => {
    const end = await waitBusily()
    const said = vi.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementationOnce(() => end())
    const { work, seen } = relay()
    await turns()
    expect(said).toHaveBeenCalledTimes(1)
    await turns(499)
    expect(seen).toEqual({})
    say(RECEIVED, state)
    await expect(work).resolves.toBe(true)
  })

  it('gives up where that page ends without a word, and not before a receipt could have come', async () => {
    const end = await waitBusily()
    const { work, seen } = relay()
    await turns(500)
    end()
    await turns()
    await turns(500)
    expect(seen).toEqual({})
    await turns(500)
    await expect(work).resolves.toBe(false)
    expect(location.href).toBe(callback)
  })

  it.each([
    ['missing', { locks: undefined }],
    ['refused', { locks: { query: () => Promise.reject(new DOMException('', 'SecurityError')) } }],
  ])('waits half a second for an opener where they are %s', async (_, navigator) => {
    vi.stubGlobal('navigator', navigator)
    vi.stubGlobal('opener', waiting)
    await expect(untilPatienceEnds(relay().work)).resolves.toBe(false)
  })

  it('finds the lock of listenForCallback, which is released at the end', async () => {
    const attempt = signInAttempt({ isCallback: (url) => url === callback })
    const held = async () => (await locks.query()).held.map(({ name }) => name)
    for (const early of [true, false]) {
      const undo = waitFor(attempt, state, window, () => {})
      if (!early) {
        await turns()
        expect(await held()).toEqual([lockOf(state)])
        // The list is for every page of the origin.
        expect(`${await held()}`).not.toContain(state.slice(13, 21))
      }
      undo()
      await turns()
      expect(await held()).toEqual([])
    }
  })

  it.each([
    ['missing', undefined],
    ['refused', { request: () => Promise.reject(new DOMException('', 'SecurityError')) }],
  ])('is heard where the locks are %s', async (_, locks) => {
    vi.stubGlobal('navigator', { locks })
    const answer = vi.fn()
    const undo = waitFor(signInAttempt({ isCallback: () => true }), state, window, answer)
    say(callback, state)
    await turns()
    undo()
    expect(answer.mock.calls).toEqual([[callback]])
  })
})

it('refuses a callback at another redirect URI at once: the page there reports it', async () => {
  const undo = waitFor(signInAttempt(), state, window, () => {})
  await expect(relay().work).resolves.toBe(false)
  undo()
  expect(location.href).toBe(callback)
  expect(close).not.toHaveBeenCalled()
})

describe('both ends together', () => {
  const agents = { popup, frame }

  it.each(['popup', 'frame'] as const)('%s: the callback arrives by BroadcastChannel alone', async (name) => {
    const windows = stubOpen()
    stubFrames()
    vi.stubGlobal('opener', null)
    const complete = vi.fn(async () => {})
    const opening = agents[name]().open({
      redirectUri: page,
      signal: undefined,
      begin: async () => requestUrl(`https://as.example/authorize?state=${state}`, state),
      isCallback: (url) => url === callback,
      complete,
    })
    await setImmediate()
    await expect(relayCallback()).resolves.toBe(true)
    await opening
    expect(complete.mock.calls).toEqual([[callback]])
    expect(location.href).toBe(page)
    expect(close).toHaveBeenCalledTimes(1)
    for (const opened of windows) expect(opened.closed).toBe(true)
  })
})
