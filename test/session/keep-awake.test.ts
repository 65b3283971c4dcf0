// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEmitter, type ProofkeyEvent } from '../../src/events.js'
import { keepAwake } from '../../src/session/keep-awake.js'
import type { StoredSession } from '../../src/session/session-record.js'

const HOUR_MS = 3_600_000
const held = {} as StoredSession

/** A session whose token is due in an hour, and again an hour after each refresh. */
function create() {
  const emitter = createEmitter<ProofkeyEvent>()
  const session = {
    held: held as StoredSession | undefined,
    endsAtMs: Number.POSITIVE_INFINITY,
    dueAtMs: Date.now() + HOUR_MS,
    refreshes: [] as number[],
    synced: 0,
    fails: false,
    /** How long a refresh takes. */
    takesMs: 0,
    /** How long the next token lasts. */
    lifetimeMs: HOUR_MS,
  }
  const awake = keepAwake(
    {
      get endsAtMs() {
        return session.held ? session.endsAtMs : Number.POSITIVE_INFINITY
      },
      async sync() {
        session.synced++
        if (session.endsAtMs <= Date.now()) session.held = undefined
        return session.held
      },
    },
    {
      get dueAtMs() {
        return session.held && session.endsAtMs > Date.now() ? session.dueAtMs : Number.POSITIVE_INFINITY
      },
      async refreshIfDue() {
        if (session.dueAtMs > Date.now()) return
        session.refreshes.push(Date.now())
        if (session.takesMs) await new Promise((resolve) => setTimeout(resolve, session.takesMs))
        if (session.fails) throw new Error('offline')
        session.dueAtMs = Date.now() + session.lifetimeMs
      },
    },
    emitter.subscribe,
  )
  running.push(awake)
  return { awake, session, tell: (type: string) => emitter.emit({ type } as ProofkeyEvent) }
}

const running: { stop(): void }[] = []
let hidden = false
const show = (seen: boolean) => {
  hidden = !seen
  document.dispatchEvent(new Event('visibilitychange'))
  return vi.advanceTimersByTimeAsync(0)
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
/** As a laptop that sleeps: time goes on, timers do not. */
const sleep = (ms: number) => void vi.setSystemTime(Date.now() + ms)

beforeEach(() => {
  hidden = false
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden)
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  for (const one of running.splice(0)) one.stop()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('a page that is seen', () => {
  it('refreshes the token each time it is due', async () => {
    const { awake, session } = create()
    const start = Date.now()
    awake.start()
    await pass(HOUR_MS - 1)
    expect(session.refreshes).toEqual([])
    await pass(2 * HOUR_MS + 1)
    expect(session.refreshes.map((at) => (at - start) / HOUR_MS)).toEqual([1, 2, 3])
  })

  it('is never in a hurry, however short tokens live', async () => {
    const { awake, session } = create()
    session.lifetimeMs = 0
    session.dueAtMs = 0
    awake.start()
    await pass(60_000)
    expect(session.refreshes.length).toBeGreaterThan(50)
    expect(session.refreshes.length).toBeLessThanOrEqual(60)
  })

  it('tries again after a failure, later each time up to a minute, and at once when it is back online', async () => {
    const { awake, session } = create()
    session.fails = true
    session.dueAtMs = Date.now()
    const start = Date.now()
    awake.start()
    await pass(400_000)
    const seconds = session.refreshes.map((at) => Math.round((at - start) / 1000))
    expect(seconds).toEqual([1, 3, 7, 15, 31, 63, 127, 191, 255, 319, 383])
    session.fails = false
    dispatchEvent(new Event('online'))
    await pass(0)
    expect(session.refreshes).toHaveLength(12)
    await pass(HOUR_MS - 1)
    expect(session.refreshes).toHaveLength(12)
    await pass(1)
    expect(session.refreshes).toHaveLength(13)
  })

  it('ends a session where its limits do', async () => {
    const { awake, session } = create()
    session.endsAtMs = Date.now() + 60_000
    awake.start()
    await pass(59_999)
    expect(session.held).toBeDefined()
    await pass(1001)
    expect(session.held).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends a session whose limits pass while a refresh hangs and fails', async () => {
    const { awake, session } = create()
    session.endsAtMs = Date.now() + 10_000
    session.dueAtMs = Date.now() + 5000
    session.takesMs = 10_000
    session.fails = true
    awake.start()
    await pass(60_000)
    expect(session.held).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets one live on that was used elsewhere meanwhile', async () => {
    const { awake, session } = create()
    session.endsAtMs = Date.now() + 60_000
    awake.start()
    await pass(30_000)
    session.endsAtMs = Date.now() + 60_000
    await pass(59_000)
    expect(session.held).toBeDefined()
    await pass(2000)
    expect(session.held).toBeUndefined()
  })

  it('keeps awake what another tab has brought', async () => {
    const { awake, session, tell } = create()
    session.held = undefined
    awake.start()
    expect(vi.getTimerCount()).toBe(0)
    session.held = held
    tell('metadata_loaded')
    expect(vi.getTimerCount()).toBe(0)
    tell('session_restored')
    await pass(HOUR_MS)
    expect(session.refreshes).toHaveLength(1)
  })

  it('sets no timer that a browser would fire at once', async () => {
    const { awake, session } = create()
    session.dueAtMs = Date.now() + 2 ** 31
    awake.start()
    expect(vi.getTimerCount()).toBe(0)
    session.dueAtMs = Number.POSITIVE_INFINITY
    awake.start()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a hidden page', () => {
  it('freshens nothing until it is seen', async () => {
    const { awake, session } = create()
    hidden = true
    awake.start()
    await pass(10 * HOUR_MS)
    expect(session.refreshes).toEqual([])
    await show(true)
    expect(session.refreshes).toEqual([Date.now()])
  })

  it('that is hidden after the timer was set does nothing when it fires', async () => {
    const { awake, session } = create()
    awake.start()
    await show(false)
    await pass(2 * HOUR_MS)
    expect(session.refreshes).toEqual([])
  })

  it('still ends a session in time', async () => {
    const { awake, session } = create()
    hidden = true
    session.endsAtMs = Date.now() + 60_000
    awake.start()
    await pass(61_000)
    expect(session.held).toBeUndefined()
  })
})

describe('a page that slept', () => {
  it.each([
    ['visibilitychange', () => document.dispatchEvent(new Event('visibilitychange'))],
    ['pageshow', () => dispatchEvent(new Event('pageshow'))],
    ['online', () => dispatchEvent(new Event('online'))],
  ])('looks around on %s: first at the store, then at what is due', async (_, wake) => {
    const { awake, session } = create()
    awake.start()
    sleep(8 * HOUR_MS)
    wake()
    await pass(0)
    expect(session.synced).toBe(1)
    expect(session.refreshes).toEqual([Date.now()])
  })

  it('past its limits is over, and sets no more timers', async () => {
    const { awake, session } = create()
    session.endsAtMs = Date.now() + HOUR_MS / 2
    awake.start()
    sleep(8 * HOUR_MS)
    await show(true)
    expect(session.held).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('whose clock was set back waits no shorter than a second, and does not stop', async () => {
    const { awake, session } = create()
    awake.start()
    sleep(-HOUR_MS)
    await show(true)
    await pass(2 * HOUR_MS)
    expect(session.refreshes).toHaveLength(1)
  })
})

it('stopped leaves nothing behind, also where it was looking', async () => {
  const { awake, session, tell } = create()
  awake.start()
  sleep(2 * HOUR_MS)
  document.dispatchEvent(new Event('visibilitychange'))
  awake.stop()
  await pass(0)
  expect(vi.getTimerCount()).toBe(0)
  const { synced } = session
  await show(true)
  dispatchEvent(new Event('online'))
  tell('session_changed')
  await pass(10 * HOUR_MS)
  expect(session.synced).toBe(synced)
  expect(vi.getTimerCount()).toBe(0)
})

it('started twice listens once', async () => {
  const { awake, session } = create()
  awake.start()
  awake.start()
  expect(vi.getTimerCount()).toBe(1)
  await show(true)
  expect(session.synced).toBe(1)
})

it('without a page does nothing', () => {
  vi.stubGlobal('document', undefined)
  const { awake } = create()
  awake.start()
  vi.unstubAllGlobals()
  expect(vi.getTimerCount()).toBe(0)
})
