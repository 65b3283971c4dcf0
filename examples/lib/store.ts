/** Where a server's sessions are. Every value is gone after its time. */
export interface Store {
  get(key: string): Promise<string | null | undefined>
  set(key: string, value: string, lifetimeSeconds: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** For one process, which forgets all when it ends. Several processes share a database: see the example redis. */
export function memoryStore(): Store {
  const entries = new Map<string, { readonly value: string; readonly expiresAtMs: number }>()
  const isOver = (expiresAtMs: number) => expiresAtMs <= Date.now()
  return {
    async get(key) {
      const { value, expiresAtMs = 0 } = entries.get(key) ?? {}
      return isOver(expiresAtMs) ? undefined : value
    },
    async set(key, value, lifetimeSeconds) {
      for (const [old, { expiresAtMs }] of entries) if (isOver(expiresAtMs)) entries.delete(old)
      entries.set(key, { value, expiresAtMs: Date.now() + lifetimeSeconds * 1000 })
    },
    delete: async (key) => entries.delete(key),
  }
}
