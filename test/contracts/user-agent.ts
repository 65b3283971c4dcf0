import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aborted, type ProofkeyError } from '../../src/errors.js'
import { differingPart } from '../../src/protocol/authorize/callback.js'
import type { SignInAttempt, SignInOverrides, SilentUserAgent, UserAgent } from '../../src/user-agents/user-agent.js'
import { type LeftBehind, watchLeftBehind } from '../helpers/left-behind.js'
import { requestUrl } from '../helpers/sign-in-attempt.js'
import { ADA, ticketFor } from '../helpers/tickets.js'

/** One user agent and the world around it. */
export interface Stage {
  readonly agent: SilentUserAgent | UserAgent
  /** What the client is configured with. */
  readonly redirectUri: string
  /** Every URL the person was sent to. */
  readonly sent: readonly string[]
  /** How many windows, frames, tabs, servers and plugin handles it holds at this moment. */
  held(): number
  /** Brings a URL to the agent in every way that URLs reach it; also a wrong URL, and one that comes too late. */
  deliver(url: string): unknown
  /** The person closes what they were shown; with the trait `tellsClosing`. */
  close?(): unknown
}

export interface UserAgentTraits {
  /** It leaves the page, and so waits for nobody. */
  readonly leaves?: boolean
  /** It holds something at once, before the first `await`, since a browser opens it only in a click. */
  readonly opensAtOnce?: boolean
  /** It has something to do before it begins: to find a port. */
  readonly beginsLater?: boolean
  /** It can tell that the person closed what they were shown. */
  readonly tellsClosing?: boolean
  /** It refuses a second sign-in during the first. */
  readonly oneAtATime?: boolean
}

/** Of every agent under the suite. */
const TIMEOUT_SECONDS = 90

const aFewTurns = async () => {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > 60_000) throw new Error(`Waited in vain until ${what}.`)
    await setImmediate()
  }
}

/** What every user agent keeps: `src/user-agents/user-agent.ts`, as a suite. `setup` gives a fresh stage. */
export function describeUserAgent(
  name: string,
  setup: (options: { timeoutSeconds: number }) => Stage | Promise<Stage>,
  { leaves, opensAtOnce, beginsLater, tellsClosing, oneAtATime }: UserAgentTraits = {},
): void {
  describe(`the user agent contract: ${name}`, () => {
    let stage: Stage
    let traces: LeftBehind

    beforeEach(async () => {
      traces = watchLeftBehind()
      stage = await setup({ timeoutSeconds: TIMEOUT_SECONDS })
    })
    afterEach(async () => {
      try {
        // Whatever the outcome was.
        await aFewTurns()
        await until(() => !stage.held(), 'nothing is held')
        expect(traces.left()).toEqual([])
      } finally {
        vi.useRealTimers()
        vi.unstubAllGlobals()
        vi.restoreAllMocks()
      }
    })

    /** One sign-in that the agent carries, with a client of few words. */
    function travel(
      client: {
        signal?: AbortSignal
        begin?: (overrides: SignInOverrides) => Promise<unknown>
        complete?: (url: string) => Promise<void>
      } = {},
    ) {
      const state = ticketFor(ADA)
      let landing = stage.redirectUri
      const before = stage.sent.length
      if (client.signal) traces.watch(client.signal)
      const attempt = {
        redirectUri: stage.redirectUri,
        signal: client.signal,
        begin: vi.fn(async (overrides: SignInOverrides = {}) => {
          await client.begin?.(overrides)
          landing = overrides.redirectUri ?? landing
          return requestUrl(
            `https://as.example/authorize?${new URLSearchParams({ redirect_uri: landing, state })}`,
            state,
          )
        }),
        isCallback(given: string) {
          if (!URL.canParse(given)) return false
          const url = new URL(given)
          return !differingPart(new URL(landing), url) && url.searchParams.get('state') === state
        },
        complete: vi.fn(client.complete ?? (async () => {})),
      } satisfies SignInAttempt
      const opening = stage.agent.open(attempt)
      const seen: { outcome: 'pending' | 'done' | 'failed'; error?: ProofkeyError } = { outcome: 'pending' }
      opening.then(
        () => Object.assign(seen, { outcome: 'done' }),
        (error) => Object.assign(seen, { outcome: 'failed', error }),
      )
      return {
        ...attempt,
        opening,
        seen,
        /** Resolves when the person is at the server. */
        away: () => until(() => stage.sent.length > before || seen.outcome !== 'pending', 'the person is sent away'),
        answer: (parameters: Record<string, string> = { code: 'x' }) => {
          const url = new URL(landing)
          for (const [name, value] of Object.entries({ ...parameters, state })) url.searchParams.set(name, value)
          return url.href
        },
      }
    }

    const seconds = async (count: number) => {
      for (let tick = 0; tick < 4 * count; tick++) {
        vi.advanceTimersByTime(250)
        await aFewTurns()
      }
    }

    const expectPending = async ({ seen, complete }: ReturnType<typeof travel>) => {
      await aFewTurns()
      expect(seen).toEqual({ outcome: 'pending' })
      expect(complete).not.toHaveBeenCalled()
    }

    it('says its name', () => {
      expect(stage.agent.name).toMatch(/^[a-z][a-z -]+$/)
      expect(!!stage.agent.memory).toBe(!leaves)
    })

    it('begins once, and sends the person once to exactly that URL', async () => {
      const trip = travel()
      if (opensAtOnce) expect(stage.held()).toBe(1)
      if (!beginsLater) expect(trip.begin).toHaveBeenCalledTimes(1)
      await trip.away()
      await aFewTurns()
      expect(trip.begin).toHaveBeenCalledTimes(1)
      expect(stage.sent).toEqual([(await trip.begin.mock.results[0]!.value).url.href])
      await stage.deliver(trip.answer())
      await trip.opening
      expect(trip.begin).toHaveBeenCalledTimes(1)
      expect(stage.sent).toHaveLength(1)
    })

    it('passes on what begin fails with, and sends nobody anywhere', async () => {
      const error = new Error('not today')
      const trip = travel({ begin: () => Promise.reject(error) })
      await expect(trip.opening).rejects.toBe(error)
      expect(stage.sent).toEqual([])
      expect(trip.complete).not.toHaveBeenCalled()
    })

    it('can be used again after a failure', async () => {
      await expect(travel({ begin: () => Promise.reject(new Error()) }).opening).rejects.toThrow()
      const trip = travel()
      await trip.away()
      await stage.deliver(trip.answer())
      await expect(trip.opening).resolves.toBeUndefined()
    })

    it('passes on the abort that begin noticed', async () => {
      const abort = new AbortController()
      const begin = () =>
        new Promise((_, fail) => abort.signal.addEventListener('abort', () => fail(aborted(0)), { once: true }))
      const trip = travel({ signal: abort.signal, begin })
      await until(() => trip.begin.mock.calls.length > 0, 'it begins')
      abort.abort()
      await expect(trip.opening).rejects.toMatchObject({ code: 'aborted' })
      expect(stage.sent).toEqual([])
    })

    if (leaves) return

    it('completes with the exact URL that came back', async () => {
      const trip = travel()
      await trip.away()
      const answer = `${trip.answer({ code: 'a/b c', iss: 'https://as.example', x: '\u{1d4cf}"<' })}&y=%7e+%20`
      await stage.deliver(answer)
      await expect(trip.opening).resolves.toBeUndefined()
      expect(trip.complete.mock.calls).toEqual([[answer]])
    })

    it('completes with a refusal too', async () => {
      const trip = travel()
      await trip.away()
      await stage.deliver(trip.answer({ error: 'access_denied' }))
      await trip.opening
      expect(trip.complete.mock.calls).toEqual([[trip.answer({ error: 'access_denied' })]])
    })

    it.each([2, 10])('completes once where the URL comes %i times', async (times) => {
      let finish = () => {}
      const trip = travel({ complete: () => new Promise((resolve) => (finish = resolve)) })
      await trip.away()
      const answer = trip.answer()
      // Who brings it may be told the outcome, and so has to wait for it.
      const deliveries = Array.from({ length: times }, () => stage.deliver(answer))
      await until(() => trip.complete.mock.calls.length > 0, 'it completes')
      deliveries.push(stage.deliver(answer))
      await aFewTurns()
      expect(trip.seen.outcome).toBe('pending')
      finish()
      await trip.opening
      await Promise.all(deliveries)
      await stage.deliver(answer)
      await aFewTurns()
      expect(trip.complete.mock.calls).toEqual([[answer]])
    })

    it('passes on what complete fails with', async () => {
      const error = new Error('no token for you')
      const trip = travel({ complete: () => Promise.reject(error) })
      await trip.away()
      await stage.deliver(trip.answer())
      await expect(trip.opening).rejects.toBe(error)
      expect(trip.complete).toHaveBeenCalledTimes(1)
    })

    it('leaves alone what is not the answer, and waits on', async () => {
      const trip = travel()
      await trip.away()
      const answer = trip.answer()
      const otherState = new URL(answer)
      otherState.searchParams.set('state', ticketFor(ADA))
      const otherPath = new URL(answer)
      otherPath.pathname += '/x'
      const foreign = [
        otherState.href,
        otherPath.href,
        `https://evil.example/callback${new URL(answer).search}`,
        `com.evil.app:/callback${new URL(answer).search}`,
        answer.replace(/\?.*/, ''),
        answer.replace('state=', 'State='),
        'javascript:alert(1)',
        'https://',
        '',
      ]
      for (const url of foreign) await stage.deliver(url)
      await expectPending(trip)
      await stage.deliver(answer)
      await trip.opening
      expect(trip.complete.mock.calls).toEqual([[answer]])
    })

    it('leaves any garbage alone', async () => {
      const trip = travel()
      await trip.away()
      const { origin, search } = new URL(trip.answer())
      const text = fc.string({ unit: 'grapheme', maxLength: 60 })
      const garbage = fc.oneof(
        text,
        text.map((rest) => `${origin}/${encodeURIComponent(rest)}x${search}`),
        text.map((rest) => `${trip.answer()}${encodeURIComponent(rest)}x`),
        text.map((rest) => `${origin}:1/callback${search}#${rest}`),
        text.map((rest) => `data:${rest},${search}`),
      )
      await fc.assert(
        fc.asyncProperty(garbage, async (url) => {
          await stage.deliver(url)
          await setImmediate()
          expect(trip.seen.outcome).toBe('pending')
        }),
        { numRuns: 50 },
      )
      await expectPending(trip)
      await stage.deliver(trip.answer())
      await trip.opening
      expect(trip.complete.mock.calls).toEqual([[trip.answer()]])
    })

    it('tells a timeout, on time', async () => {
      const trip = travel()
      await trip.away()
      await aFewTurns()
      vi.advanceTimersByTime(TIMEOUT_SECONDS * 1000 - 1)
      await expectPending(trip)
      vi.advanceTimersByTime(1)
      await expect(trip.opening).rejects.toMatchObject({ name: 'ProofkeyError [timeout]', code: 'timeout' })
      await stage.deliver(trip.answer())
      await aFewTurns()
      expect(trip.complete).not.toHaveBeenCalled()
    })

    it('does not begin to wait for who was aborted before', async () => {
      const trip = travel({ signal: AbortSignal.abort('early') })
      await expect(trip.opening).rejects.toMatchObject({ code: 'aborted', cause: 'early', retryable: true })
      expect(stage.sent).toEqual([])
      expect(trip.complete).not.toHaveBeenCalled()
    })

    it('sends nobody away who was aborted while it began', async () => {
      const abort = new AbortController()
      const trip = travel({ signal: abort.signal, begin: async () => abort.abort('meanwhile') })
      await expect(trip.opening).rejects.toMatchObject({ code: 'aborted', cause: 'meanwhile', retryable: true })
      expect(stage.sent).toEqual([])
    })

    it('stops waiting when it is aborted', async () => {
      const abort = new AbortController()
      const trip = travel({ signal: abort.signal })
      await trip.away()
      await expectPending(trip)
      abort.abort('enough')
      await expect(trip.opening).rejects.toMatchObject({
        name: 'ProofkeyError [aborted]',
        code: 'aborted',
        cause: 'enough',
        retryable: true,
      })
      await stage.deliver(trip.answer())
      await aFewTurns()
      expect(trip.complete).not.toHaveBeenCalled()
    })

    it('is not moved by an abort that comes afterwards', async () => {
      const abort = new AbortController()
      const trip = travel({ signal: abort.signal })
      await trip.away()
      await stage.deliver(trip.answer())
      await trip.opening
      abort.abort()
      await aFewTurns()
      expect(trip.seen).toEqual({ outcome: 'done' })
    })

    it.runIf(tellsClosing)('tells that the person closed it', async () => {
      const trip = travel()
      await trip.away()
      await seconds(1)
      await expectPending(trip)
      await stage.close?.()
      // Some agents look now and then only, and wait for an answer that comes after all.
      await seconds(2)
      await expect(trip.opening).rejects.toMatchObject({ name: 'ProofkeyError [cancelled]', code: 'cancelled' })
      await stage.deliver(trip.answer())
      await aFewTurns()
      expect(trip.complete).not.toHaveBeenCalled()
    })

    it('carries a second sign-in after the first', async () => {
      for (let turn = 0; turn < 2; turn++) {
        const trip = travel()
        await trip.away()
        await stage.deliver(trip.answer())
        await trip.opening
        expect(trip.complete.mock.calls).toEqual([[trip.answer()]])
      }
    })

    it.skipIf(oneAtATime)('brings two sign-ins at the same time each their own answer', async () => {
      const first = travel()
      await first.away()
      const second = travel()
      await second.away()
      await stage.deliver(second.answer())
      await second.opening
      await expectPending(first)
      await stage.deliver(first.answer())
      await first.opening
      expect(first.complete.mock.calls).toEqual([[first.answer()]])
      expect(second.complete.mock.calls).toEqual([[second.answer()]])
    })
  })
}
