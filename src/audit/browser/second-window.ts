import type { ServerResponse } from 'node:http'
import type { Arrival, Visit } from './browser.js'
import { HEADERS } from './local-server.js'
import { createPatience } from './patience.js'
import type { PageState } from './progress-page.js'
import type { RefusalProbe } from './refusal-probe.js'
import { sendEnd, sendOnward } from './small-pages.js'

/** How long the window waits at this server for the next request, before it asks again. */
const PARKED_MS = 25_000
/** A window that has not come for its next request in this time cannot be moved by the progress page. */
const MOVE_MS = 4_000
/** Without an answer in this time, the server shows a page that a person must answer. */
const QUIET_MS = 3_000
/** How long a person has to answer a page, and to start. */
const PERSON_MS = 300_000
const START_MS = 900_000

export interface SecondWindowOptions {
  readonly change: (changes: Partial<PageState>) => void
  /** How often the progress page was told to move the window. */
  readonly moves: () => number
  readonly probe: RefusalProbe
  /** Answers are pasted: there is nothing to be seen of the window. */
  readonly pasted: boolean
}

interface Current {
  readonly url: URL
  readonly visit: Visit
  readonly timers: NodeJS.Timeout[]
  /** When it was sent to the server; undefined before that. */
  sentAt?: number
  readonly settle: (arrival: Arrival) => void
}

/** The window that visits the server: it comes to `next`, is sent to an authorization URL, and comes back with an answer. */
export function createSecondWindow({ change, moves, probe, pasted }: SecondWindowOptions) {
  let current: Current | undefined
  let parked: { response: ServerResponse; timer: NodeJS.Timeout } | undefined
  const patience = createPatience()
  let isStarted = false
  let isEnded = false
  /** It received an answer and comes back by itself: to move it as well would send the next request twice. */
  let isComing = false
  /** Of requests that are over: an answer that comes late must not count as that of the next one. */
  const pastStates = new Set<string>()

  const isSent = () => current?.sentAt !== undefined
  const after = (ms: number, run: () => void) => current?.timers.push(setTimeout(run, ms))

  function unpark(): ServerResponse | undefined {
    const response = parked?.response
    clearTimeout(parked?.timer)
    parked = undefined
    return response?.destroyed ? undefined : response
  }

  function park(response: ServerResponse, onward: string): void {
    unpark()?.destroy()
    const timer = setTimeout(() => {
      const waiting = unpark()
      if (waiting) sendOnward(waiting, onward)
    }, PARKED_MS)
    parked = { response, timer }
    change({ window: 'working' })
  }

  function send(response: ServerResponse): void {
    response.writeHead(303, { ...HEADERS, location: current!.url.href }).end()
    change({ window: 'working' })
    if (current!.sentAt !== undefined) return
    current!.sentAt = performance.now()
    if (current!.visit.staysThere) after(patience.ms(), () => void settleThere())
    else if (pasted) asks()
    else if (current!.visit.expectsRefusal)
      after(patience.ms(), () => void settleIfRefused().then((done) => done || asks()))
    else after(QUIET_MS, asks)
  }

  /** The window is at a page of the server's: the progress page moves it. */
  function move(settle: (arrival: Arrival) => void): void {
    isComing = false
    change({ window: 'working', move: moves() + 1 })
    after(MOVE_MS, () => isSent() || lost())
    after(PERSON_MS, () => isSent() || settle({ at: 'unknown', why: 'the second window was closed' }))
  }

  /** The person is told to look at the second window. */
  function asks(): void {
    if (!current) return
    change({ window: current.visit.expectsRefusal ? 'refuses?' : 'asks' })
    after(PERSON_MS, () => current?.settle({ at: 'unknown', why: 'nobody answered the page of the server' }))
  }

  async function settleIfRefused(): Promise<boolean> {
    const asked = current
    if (!asked) return true
    const status = await probe.refusal(asked.visit.twin ?? asked.url, !!asked.visit.twin)
    if (status === undefined) return current !== asked
    asked.settle({ at: 'page', status, url: asked.url.href })
    return true
  }

  /** The server had time to answer the window, and as much again as it needs for a stranger. */
  async function settleThere(): Promise<void> {
    const asked = current
    if (asked) await probe.status(asked.url)
    asked?.settle({ at: 'page' })
  }

  /** The window was closed, or the server's pages cut it off from the page that opened it (COOP). */
  function lost(): void {
    if (parked || isComing || !isStarted || isEnded || (isSent() && !pasted && current?.visit.expectsRefusal)) return
    const show = () => change({ window: 'lost' })
    if (current?.visit.expectsRefusal) void settleIfRefused().then((done) => done || show())
    else if (current && !isSent()) show()
    else if (current) change({ window: 'asks' })
  }

  return {
    /** What is waited for. */
    expects: (): Visit | undefined => current?.visit,

    async visit(url: URL, visit: Visit): Promise<Arrival> {
      const timers: NodeJS.Timeout[] = []
      let onAbort = () => {}
      try {
        return await new Promise<Arrival>((settle, reject) => {
          onAbort = () => reject(visit.signal.reason)
          visit.signal.addEventListener('abort', onAbort, { once: true })
          current = { url, visit, timers, settle }
          const response = unpark()
          if (response) send(response)
          else if (isStarted && isComing) after(MOVE_MS, () => isSent() || move(settle))
          else if (isStarted) move(settle)
          else after(START_MS, () => settle({ at: 'unknown', why: 'nobody opened the page of the audit' }))
        })
      } finally {
        visit.signal.removeEventListener('abort', onAbort)
        for (const timer of timers) clearTimeout(timer)
        const state = url.searchParams.get('state')
        if (state) pastStates.add(state)
        current = undefined
        change({ window: isStarted ? 'working' : 'closed' })
      }
    },

    /** The window asks where to go. */
    next(response: ServerResponse, onward: string): void {
      isStarted = true
      isComing = false
      if (isEnded) sendEnd(response)
      else if (current) send(response)
      else park(response, onward)
    },

    arrive(arrival: Arrival & { at: 'callback' }): void {
      isComing = !pasted
      const state = arrival.parameters.get('state') ?? ''
      const isLate = pastStates.has(state) && current?.url.searchParams.get('state') !== state
      if (isLate || current?.sentAt === undefined) return
      patience.learn(current.url, performance.now() - current.sentAt)
      current.settle(arrival)
    },

    /** The person says that the server shows an error page. */
    pageShown(): void {
      if (isSent()) current?.settle({ at: 'page' })
    },

    lost,

    async end(): Promise<void> {
      isEnded = true
      const response = unpark()
      if (!response) return
      const sent = new Promise((resolve) => response.on('close', resolve).on('finish', resolve))
      sendEnd(response)
      await sent
    },
  }
}
