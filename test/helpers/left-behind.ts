import { vi } from 'vitest'
import { browserChannel } from './channel.js'

type Method = (type: string, listener: EventListener, options?: AddEventListenerOptions) => void

/** What lives on: `left` names what was started and not ended. */
export interface LeftBehind {
  left(): string[]
  /** Counts the listeners of a signal too. */
  watch(target: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>): void
}

/**
 * Watches, from now on, listeners of the window and of the process, broadcast channels, and timers, which are faked.
 * Works with and without a window; ends with `vi.restoreAllMocks()`, `vi.unstubAllGlobals()` and `vi.useRealTimers()`.
 */
export function watchLeftBehind(): LeftBehind {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const listeners: { target: unknown; type: string; listener: unknown }[] = []

  const watch: LeftBehind['watch'] = (target) => {
    const add = target.addEventListener.bind(target) as Method
    const remove = target.removeEventListener.bind(target) as Method
    const drop = (type: string, listener: unknown) => {
      const at = listeners.findIndex((one) => one.target === target && one.type === type && one.listener === listener)
      if (at >= 0) listeners.splice(at, 1)
    }
    vi.spyOn(target, 'addEventListener').mockImplementation(((type, listener, options) => {
      listeners.push({ target, type, listener })
      options?.signal?.addEventListener('abort', () => drop(type, listener), { once: true })
      if (options?.once) add(type, () => drop(type, listener), { once: true })
      add(type, listener, options)
    }) as Method as never)
    vi.spyOn(target, 'removeEventListener').mockImplementation(((type, listener, options) => {
      drop(type, listener)
      remove(type, listener, options)
    }) as Method as never)
  }
  if ('addEventListener' in globalThis) watch(globalThis)

  const channels = new Set<BroadcastChannel>()
  vi.stubGlobal('BroadcastChannel', browserChannel(channels))
  const processListeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  const before = processListeners()

  return {
    watch,
    left: () => [
      ...listeners.map(({ type }) => `listener for ${type}`),
      ...[...channels].map(() => 'channel'),
      ...Array.from({ length: vi.getTimerCount() }, () => 'timer'),
      ...Array.from({ length: Math.max(0, processListeners() - before) }, () => 'listener of the process'),
    ],
  }
}
