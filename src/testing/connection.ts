/** The network between an app under test and everything else. */
export function connection() {
  let isOnline = true
  /** A page hears of it, as in a browser, where clients and apps look around then. `Event` may not be that of Node. */
  const tell = (type: 'online' | 'offline') => globalThis.window?.dispatchEvent?.(new window.Event(type))
  return {
    get isOnline() {
      return isOnline
    },
    goOffline() {
      isOnline = false
      tell('offline')
    },
    goOnline() {
      isOnline = true
      tell('online')
    },
  }
}
