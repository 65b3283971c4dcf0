/** The broadcast channels of one browser, whose messages can be seen, held back, and lost. */
export function createChannels() {
  const open = new Set<Channel>()
  const underWay: (() => void)[] = []
  /** Every message that was posted, with its channel. */
  const posted: unknown[] = []
  let held = false
  let lost = false

  class Channel {
    onmessage: ((event: { data: unknown }) => void) | null = null
    constructor(readonly name: string) {
      open.add(this)
    }
    postMessage(message: unknown) {
      if (!open.has(this)) throw new DOMException('The channel is closed.', 'InvalidStateError')
      const data = structuredClone(message)
      posted.push([this.name, data])
      if (lost) return
      const listeners = [...open].filter((one) => one !== this && one.name === this.name)
      for (const one of listeners) underWay.push(() => open.has(one) && one.onmessage?.({ data }))
      if (!held) setImmediate(deliver)
    }
    close() {
      open.delete(this)
    }
  }

  function deliver() {
    for (const message of underWay.splice(0)) message()
  }

  return {
    BroadcastChannel: Channel as unknown as typeof BroadcastChannel,
    posted,
    /** From now on `late`: messages wait for `deliver`; `never`: they are lost; `prompt`: they come. */
    setPost(post: 'prompt' | 'late' | 'never') {
      held = post === 'late'
      lost = post === 'never'
    },
    deliver,
    count: () => open.size,
  }
}
