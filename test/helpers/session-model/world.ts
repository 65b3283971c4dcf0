import { setImmediate as turn } from 'node:timers/promises'

/** One tab, as far as the browser knows it. */
export interface Page {
  readonly id: number
  /** The system has stopped it: nothing that is for it comes, and it keeps its locks. */
  suspended: boolean
  /** It is gone. */
  dead: boolean
}

/** What can happen next. Of one lane the first comes first; lanes do not wait for each other. */
interface Task {
  readonly lane: string
  /** Who waits for it: undefined for what happens outside of pages. */
  readonly page: Page | undefined
  readonly run: () => void
}

interface Timer {
  readonly id: number
  readonly atMs: number
  readonly page: Page | undefined
  readonly run: () => void
}

export const START_MS = Date.UTC(2030, 0, 1)
/** So much happens after no command: then something never ends. */
const MAX_TASKS = 3000

/**
 * Time, and the order in which things happen. All that takes time in a browser is a task here or a timer, so that between
 * two tasks nothing is under way but microtasks.
 */
export function createWorld() {
  let tasks: Task[] = []
  let timers: Timer[] = []
  let timerId = 0
  let passedMs = 0
  let skewMs = 0
  let order = 0
  let current: Page | undefined

  const mayRun = (page: Page | undefined) => !page?.suspended && !page?.dead

  /** Those that may be next: the first one of each lane. */
  function next(): Task[] {
    const seen = new Set<string>()
    return tasks.filter(({ lane, page }) => {
      const isFirst = !seen.has(lane)
      seen.add(lane)
      return isFirst && mayRun(page)
    })
  }

  /** Runs code of a page until it waits. */
  async function within(page: Page | undefined, run: () => unknown): Promise<void> {
    const before = current
    current = page
    run()
    await turn()
    current = before
  }

  const listeners: (() => void)[] = []
  async function runTask(task: Task): Promise<void> {
    tasks.splice(tasks.indexOf(task), 1)
    await within(task.page, task.run)
    for (const listener of listeners) listener()
  }

  const world = {
    get page() {
      return current
    },
    now: () => START_MS + passedMs + skewMs,
    /** By a clock that nobody sets. */
    trueNow: () => START_MS + passedMs,
    monotonicMs: () => passedMs,
    /** Counts what happens. */
    next: () => ++order,
    within,
    afterEach: (listener: () => void) => void listeners.push(listener),

    schedule(lane: string, page: Page | undefined, run: () => void) {
      tasks.push({ lane, page, run })
    },
    isWaiting: (lane: string) => tasks.some((task) => task.lane === lane),

    setTimeout(run: () => void, ms = 0): number {
      timers.push({ id: ++timerId, atMs: passedMs + ms, page: current, run })
      return timerId
    },
    clearTimeout(id: number | undefined) {
      timers = timers.filter((timer) => timer.id !== id)
    },

    /** Runs tasks in the order that is picked. */
    async run(picks: readonly number[]): Promise<void> {
      for (const pick of picks) {
        const possible = next()
        if (possible.length) await runTask(possible[pick % possible.length]!)
      }
    },
    /** Runs tasks until there is none. */
    async settle(): Promise<void> {
      for (let count = 0; ; count++) {
        const [first] = next()
        if (!first) return
        if (count === MAX_TASKS) throw new Error(`something never ends: ${tasks.map(({ lane }) => lane)}`)
        await runTask(first)
      }
    },
    /** Time passes; timers come when they are due, those of a suspended page later. @param between runs after each timer */
    async pass(seconds: number, between: () => Promise<void> = () => world.settle()): Promise<void> {
      const untilMs = passedMs + seconds * 1000
      for (;;) {
        const due = timers
          .filter(({ atMs, page }) => atMs <= untilMs && mayRun(page))
          .sort((a, b) => a.atMs - b.atMs || a.id - b.id)[0]
        if (!due) break
        timers = timers.filter((timer) => timer !== due)
        passedMs = Math.max(passedMs, due.atMs)
        await within(due.page, due.run)
        await between()
      }
      passedMs = untilMs
    },
    /** The system's clock is set. */
    setClock(seconds: number) {
      skewMs += seconds * 1000
    },
    /** A page goes away, with what waits for it. */
    end(page: Page) {
      page.dead = true
      tasks = tasks.filter((task) => task.page !== page)
      timers = timers.filter((timer) => timer.page !== page)
    },
  }
  return world
}

export type World = ReturnType<typeof createWorld>
