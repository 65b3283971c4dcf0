import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { exclusively } from '../../src/vault/lock.js'
import { createLocks } from '../helpers/locks.js'

let locks: ReturnType<typeof createLocks>
beforeEach(() => {
  locks = createLocks()
  vi.stubGlobal('navigator', { locks })
  // The locks are granted by `setImmediate`, which goes on.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const turn = () => new Promise(setImmediate)
/** Waits until the locks have been granted that can be. */
const turns = async () => {
  for (let count = 0; count < 10; count++) await turn()
}

/** A tab that has the lock until it is told to end. */
function tab(name: string) {
  let end = (_: string) => {}
  let fail = (_: unknown) => {}
  const seen = { runs: 0, outcome: undefined as unknown }
  const work = () => {
    seen.runs++
    return new Promise<string>((resolve, reject) => {
      end = resolve
      fail = reject
    })
  }
  const done = exclusively(name, work).then(
    (value) => {
      seen.outcome = value
    },
    (error) => {
      seen.outcome = error
    },
  )
  return { seen, done, end: (value: string) => end(value), fail: (error: unknown) => fail(error) }
}

describe('a task with a lock', () => {
  it('waits for the one before it, also if that fails', async () => {
    const [one, two] = [tab('x'), tab('x')]
    await turns()
    expect([one.seen.runs, two.seen.runs]).toEqual([1, 0])
    one.fail('broken')
    await one.done
    await turns()
    two.end('done')
    await two.done
    expect([one.seen, two.seen]).toEqual([
      { runs: 1, outcome: 'broken' },
      { runs: 1, outcome: 'done' },
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not wait for one of another name, nor for a lock of the app', async () => {
    locks.request('y', () => new Promise(() => {}))
    const [one, two] = [tab('x'), tab('y')]
    await turns()
    expect([one.seen.runs, two.seen.runs]).toEqual([1, 1])
    expect((await locks.query()).held.map(({ name }) => name)).toEqual(['y', 'proofkey x', 'proofkey y'])
  })

  it('that another tab keeps for 45 seconds takes it over then, and not before', async () => {
    const [suspended, waiting] = [tab('x'), tab('x')]
    await turns()
    await vi.advanceTimersByTimeAsync(44_999)
    await turns()
    expect(waiting.seen.runs).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    await turns()
    expect(waiting.seen.runs).toBe(1)
    waiting.end('second')
    await waiting.done
    // The tab goes on: its task has run, and is not run again.
    suspended.end('first')
    await suspended.done
    expect([suspended.seen, waiting.seen]).toEqual([
      { runs: 1, outcome: 'first' },
      { runs: 1, outcome: 'second' },
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that has taken it over has it: a third one waits', async () => {
    const [suspended, second] = [tab('x'), tab('x')]
    await turns()
    await vi.advanceTimersByTimeAsync(45_000)
    await turns()
    const third = tab('x')
    suspended.end('first')
    await turns()
    expect([second.seen.runs, third.seen.runs]).toEqual([1, 0])
    second.end('second')
    await turns()
    expect(third.seen.runs).toBe(1)
    third.end('third')
    await third.done
  })

  it('that takes longer than that runs once', async () => {
    const long = tab('x')
    await turns()
    await vi.advanceTimersByTimeAsync(100_000)
    await turns()
    long.end('done')
    await long.done
    expect(long.seen).toEqual({ runs: 1, outcome: 'done' })
  })

  it.each([
    ['it cannot be taken over', 'steal'],
    ['there are none', 'none'],
    ['they are refused', 'refused'],
    ['they throw', 'throws'],
  ])('runs without a lock where %s', async (_, fault) => {
    const request = (
      name: string,
      options: { steal?: boolean; signal?: AbortSignal },
      work: () => Promise<unknown>,
    ) => {
      if (fault === 'throws') throw new Error('unknown')
      if (fault === 'refused' || options.steal) return Promise.reject(new DOMException('denied', 'SecurityError'))
      return locks.request(name, options, work)
    }
    vi.stubGlobal('navigator', { locks: fault === 'none' ? undefined : { request } })
    locks.request('proofkey x', () => new Promise(() => {}))
    await turns()
    const one = tab('x')
    await turns()
    await vi.advanceTimersByTimeAsync(45_000)
    await turns()
    expect(one.seen.runs).toBe(1)
    one.end('done')
    await one.done
    expect(one.seen).toEqual({ runs: 1, outcome: 'done' })
  })

  it('runs where there is no navigator', async () => {
    vi.stubGlobal('navigator', undefined)
    expect(await exclusively('x', async () => 'done')).toBe('done')
  })

  it('that fails does so once', async () => {
    const one = tab('x')
    await turns()
    one.fail('broken')
    await one.done
    await turns()
    expect(one.seen).toEqual({ runs: 1, outcome: 'broken' })
  })
})
