import { WebSocket } from 'undici'

const LOST = 'The connection to the browser was lost'

type Listener = (params: never) => void

/** A session of WebDriver BiDi (https://w3c.github.io/webdriver-bidi/): commands, their answers, and events. */
export interface Session {
  /** @throws with the browser's own words where it refuses */
  send<T>(method: string, params?: object): Promise<T>
  /** Listens to an event that was subscribed to; returns its undo. */
  on<T>(event: string, listener: (params: T) => void): () => void
  close(): void
}

/** @param events what the browser is to report */
export async function openSession(address: string, events: readonly string[]): Promise<Session> {
  const socket = new WebSocket(`${address}/session`)
  const waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>()
  const listeners = new Map<string, Set<Listener>>()
  let last = 0

  const lost = () => {
    for (const { reject } of waiting.values()) reject(new Error(LOST))
    waiting.clear()
  }
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve()
    socket.onerror = ({ message }) => reject(new Error(`No connection to the browser: ${message}`))
  })
  socket.onclose = lost
  socket.onmessage = ({ data }) => {
    const { id, type, method, params, result, error, message } = JSON.parse(data)
    if (type === 'event') {
      for (const listener of listeners.get(method) ?? []) listener(params as never)
      return
    }
    const asked = waiting.get(id)
    waiting.delete(id)
    if (type === 'success') asked?.resolve(result as never)
    else asked?.reject(new Error(`${error}: ${message}`))
  }

  const session: Session = {
    send: (method, params = {}) =>
      new Promise((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN) return reject(new Error(LOST))
        const id = ++last
        waiting.set(id, { resolve, reject })
        socket.send(JSON.stringify({ id, method, params }))
      }),
    on(event, listener) {
      const all = listeners.get(event) ?? new Set()
      listeners.set(event, all.add(listener as Listener))
      return () => all.delete(listener as Listener)
    },
    close: () => socket.close(),
  }
  await session.send('session.new', { capabilities: {} })
  await session.send('session.subscribe', { events })
  return session
}
