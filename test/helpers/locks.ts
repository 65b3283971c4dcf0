type Work<T> = (lock: { readonly name: string; readonly mode: 'exclusive' }) => T | Promise<T>

/** The part of Web Locks that is used here: exclusive locks, granted in the order in which they were asked for; and a look at those that are held. */
export function createLocks() {
  const last = new Map<string, Promise<unknown>>()
  const held = new Set<string>()
  return {
    async request<T>(name: string, ...rest: [Work<T>] | [options: object, Work<T>]): Promise<T> {
      if (rest.length > 1) throw new DOMException('This double knows no options.', 'NotSupportedError')
      const [work] = rest as [Work<T>]
      // A lock is never granted in the same task.
      const granted = Promise.resolve(last.get(name)).then(() => new Promise(setImmediate))
      const own = granted.then(async () => {
        held.add(name)
        try {
          return await work({ name, mode: 'exclusive' })
        } finally {
          held.delete(name)
        }
      })
      last.set(
        name,
        own.catch(() => {}),
      )
      return own
    },
    async query() {
      return { held: [...held].map((name) => ({ name })) }
    },
  }
}
