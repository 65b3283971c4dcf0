/** A value of this page that outlives the redirect. It lies readable in `sessionStorage`: nothing secret goes in. */
export interface Kept<Value> {
  get(): Value
  set(value: Value): void
  clear(): void
}

const PREFIX = 'demo.'

export function kept<Value>(name: string, empty: Value): Kept<Value> {
  return {
    get() {
      const text = sessionStorage.getItem(PREFIX + name)
      return text === null ? empty : JSON.parse(text)
    },
    set(value) {
      sessionStorage.setItem(PREFIX + name, JSON.stringify(value))
    },
    clear() {
      sessionStorage.removeItem(PREFIX + name)
    },
  }
}

export function forgetAll(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key)
}
