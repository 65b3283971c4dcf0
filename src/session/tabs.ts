/** What the tabs of an origin tell each other: names, never tokens. */
export type TabMessage = 'changed' | 'active' | { readonly ended: string }

export interface Tabs<Message = TabMessage> {
  tell(message: Message): void
  close(): void
}

/** The tabs in which the same client runs. */
export function joinTabs<Message = TabMessage>(clientKey: string, hear: (message: Message) => void): Tabs<Message> {
  let channel: BroadcastChannel
  try {
    channel = new BroadcastChannel(`proofkey session ${clientKey}`)
  } catch {
    // Not there, or not for this page: each tab is on its own.
    return { tell() {}, close() {} }
  }
  channel.onmessage = ({ data }) => hear(data)
  // In Node a channel would keep the process alive.
  ;(channel as { unref?(): void }).unref?.()
  return {
    tell: (message) => channel.postMessage(message),
    close: () => channel.close(),
  }
}
