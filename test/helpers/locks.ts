type Work<T> = (lock: { readonly name: string; readonly mode: 'exclusive' }) => T | Promise<T>

interface Options {
  readonly signal?: AbortSignal
  readonly steal?: boolean
}

/**
 * The part of Web Locks that is used here: exclusive locks, granted in the order in which they were asked for, never in the
 * same task; who waits can be aborted, and who has one can be robbed of it.
 */
export function createLocks() {
  const holders = new Map<string, (reason: unknown) => void>()
  const queues = new Map<string, (() => void)[]>()
  const next = (name: string) => setImmediate(() => !holders.has(name) && queues.get(name)?.shift()?.())

  return {
    request<T>(name: string, ...rest: [Work<T>] | [options: Options, Work<T>]): Promise<T> {
      const work = rest.at(-1) as Work<T>
      const { signal, steal } = (rest.length > 1 ? rest[0] : {}) as Options
      return new Promise<T>((resolve, reject) => {
        const grant = () => {
          signal?.removeEventListener('abort', abort)
          holders.set(name, reject)
          const running = (async () => work({ name, mode: 'exclusive' }))()
          running.then(resolve, reject).finally(() => {
            if (holders.get(name) !== reject) return
            holders.delete(name)
            next(name)
          })
        }
        const queue = queues.get(name) ?? []
        queues.set(name, queue)
        const abort = () => {
          queue.splice(queue.indexOf(grant), 1)
          reject(signal?.reason)
        }
        if (signal?.aborted) return reject(signal.reason)
        signal?.addEventListener('abort', abort)
        if (steal) {
          holders.get(name)?.(new DOMException('The lock was stolen.', 'AbortError'))
          setImmediate(grant)
        } else {
          queue.push(grant)
          next(name)
        }
      })
    },
    async query() {
      return { held: [...holders.keys()].map((name) => ({ name })) }
    },
  }
}
