/** Node's channel as a browser has it: an event names the origin, and the page's own `MessageEvent` carries it. `open` holds those that are. */
export function browserChannel(open = new Set<BroadcastChannel>()): typeof BroadcastChannel {
  return class extends BroadcastChannel {
    constructor(name: string) {
      super(name)
      open.add(this)
    }
    override set onmessage(hear: (event: MessageEvent) => void) {
      super.onmessage = ({ data }) =>
        hear(new MessageEvent('message', { data, origin: globalThis.location?.origin ?? '' }))
    }
    override close() {
      open.delete(this)
      super.close()
    }
  }
}
