import { setImmediate } from 'node:timers/promises'

/** Runs the work and gives back what it threw into nowhere, in place of the test runner, which would fail the run. */
export async function uncaughtDuring(work: () => unknown): Promise<unknown[]> {
  const caught: unknown[] = []
  const kinds = ['uncaughtException', 'unhandledRejection'] as const
  const runners = kinds.map((kind) => [kind, process.rawListeners(kind)] as const)
  const note = (error: unknown) => void caught.push(error)
  for (const kind of kinds) process.removeAllListeners(kind).on(kind, note)
  try {
    await work()
    // Rejections are judged when the microtasks are done; two turns of the event loop are past that.
    await setImmediate()
    await setImmediate()
  } finally {
    for (const [kind, listeners] of runners) {
      process.removeAllListeners(kind)
      for (const listener of listeners) process.on(kind, listener as () => void)
    }
  }
  return caught
}
