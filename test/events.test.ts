import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEmitter } from '../src/events.js'
import { uncaughtDuring } from './helpers/uncaught.js'

it('tells every listener, in the order in which they came', () => {
  const heard: string[] = []
  const { emit, subscribe } = createEmitter<string>()
  subscribe((event) => heard.push(`first ${event}`))
  subscribe((event) => heard.push(`second ${event}`))
  emit('a')
  emit('b')
  expect(heard).toEqual(['first a', 'second a', 'first b', 'second b'])
})

it('tells before emit returns, and nobody what was before them', () => {
  const listener = vi.fn()
  const { emit, subscribe } = createEmitter<string>()
  emit('before')
  subscribe(listener)
  expect(listener).not.toHaveBeenCalled()
  emit('after')
  expect(listener.mock.calls).toEqual([['after']])
})

it('gives each subscription its undo, which may be called twice', () => {
  const [stays, goes] = [vi.fn(), vi.fn()]
  const { emit, subscribe } = createEmitter<string>()
  subscribe(stays)
  const undo = subscribe(goes)
  emit('a')
  expect(undo()).toBeUndefined()
  undo()
  emit('b')
  expect(goes.mock.calls).toEqual([['a']])
  expect(stays.mock.calls).toEqual([['a'], ['b']])
})

it('counts the same function twice when it is subscribed twice, with two undos', () => {
  const listener = vi.fn()
  const { emit, subscribe } = createEmitter<string>()
  const [undoFirst, undoSecond] = [subscribe(listener), subscribe(listener)]
  emit('a')
  expect(listener).toHaveBeenCalledTimes(2)
  undoFirst()
  undoFirst()
  emit('b')
  expect(listener).toHaveBeenCalledTimes(3)
  undoSecond()
  emit('c')
  expect(listener).toHaveBeenCalledTimes(3)
})

it('lets a listener end its own subscription while it is being told', () => {
  const [once, other] = [vi.fn(() => undo()), vi.fn()]
  const { emit, subscribe } = createEmitter<string>()
  const undo = subscribe(once)
  subscribe(other)
  emit('a')
  emit('b')
  expect(once).toHaveBeenCalledTimes(1)
  expect(other).toHaveBeenCalledTimes(2)
})

it('tells a listener that came while others are told from the next event on', () => {
  const heard: string[] = []
  const { emit, subscribe } = createEmitter<string>()
  subscribe((event) => {
    if (heard.push(event) < 100) subscribe((later) => heard.push(`late ${later}`))
  })
  emit('a')
  expect(heard).toEqual(['a'])
  emit('b')
  expect(heard).toEqual(['a', 'b', 'late b'])
})

it('keeps two emitters apart', () => {
  const listener = vi.fn()
  createEmitter<string>().subscribe(listener)
  createEmitter<string>().emit('a')
  expect(listener).not.toHaveBeenCalled()
})

describe('a listener that fails', () => {
  const broken = new Error('a broken listener')
  const failing: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw broken
      },
    ],
    ['rejects', () => Promise.reject(broken)],
    [
      'rejects later',
      async () => {
        await null
        throw broken
      },
    ],
    [
      'gives a thenable that throws',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: a hostile one
        get then() {
          throw broken
        },
      }),
    ],
  ]
  afterEach(() => vi.unstubAllGlobals())

  it.each(failing)('and %s stops nobody, and its error goes to onError', async (_, listener) => {
    const [other, onError] = [vi.fn(), vi.fn()]
    const { emit, subscribe } = createEmitter<string>()
    subscribe(listener, { onError })
    subscribe(other)
    const uncaught = await uncaughtDuring(() => {
      expect(() => emit('a')).not.toThrow()
      expect(other.mock.calls).toEqual([['a']])
    })
    expect(uncaught).toEqual([])
    expect(onError.mock.calls).toEqual([[broken]])
  })

  it.each(failing)('and %s is reported once by reportError, where there is one', async (_, listener) => {
    const reportError = vi.fn()
    vi.stubGlobal('reportError', reportError)
    const { emit, subscribe } = createEmitter<string>()
    subscribe(listener)
    expect(await uncaughtDuring(() => emit('a'))).toEqual([])
    expect(reportError.mock.calls).toEqual([[broken]])
  })

  it.each(failing)('and %s is shown on the console elsewhere, never thrown', async (_, listener) => {
    const shown = vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.stubGlobal('reportError', undefined)
    const { emit, subscribe } = createEmitter<string>()
    subscribe(listener)
    expect(await uncaughtDuring(() => emit('a'))).toEqual([])
    expect(shown.mock.calls).toEqual([[broken]])
    shown.mockRestore()
  })

  it.each(failing)('and an onError that %s too does no harm', async (_, fail) => {
    const reportError = vi.fn()
    vi.stubGlobal('reportError', reportError)
    const { emit, subscribe } = createEmitter<string>()
    subscribe(() => Promise.reject('first'), { onError: fail })
    expect(await uncaughtDuring(() => emit('a'))).toEqual([])
    expect(reportError.mock.calls).toEqual([[broken]])
  })

  it('ends a Node process where its error is thrown again', async () => {
    const rethrown = await uncaughtDuring(() =>
      queueMicrotask(() => {
        throw broken
      }),
    )
    expect(rethrown).toEqual([broken])
  })
})
