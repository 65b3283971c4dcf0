import type { Page, World } from './world.js'

type Work = () => Promise<unknown>

/** Web Locks over the tasks of a world: a page that goes away lets go, one that is suspended does not. */
export function createWorldLocks(world: World) {
  interface Claim {
    readonly page: Page | undefined
    readonly run: () => void
    readonly rob: (reason: unknown) => void
  }
  let holder: Claim | undefined
  let waiting: Claim[] = []
  let stolen = false

  function grant() {
    if (holder) return
    holder = waiting.shift()
    if (holder) world.schedule(`lock ${holder.page?.id}`, holder.page, holder.run)
  }

  return {
    request(_name: string, { signal, steal }: { signal?: AbortSignal; steal?: boolean }, work: Work) {
      return new Promise((resolve, reject) => {
        const claim: Claim = {
          page: world.page,
          rob: reject,
          run() {
            signal?.removeEventListener('abort', abort)
            work()
              .then(resolve, reject)
              .finally(() => {
                if (holder !== claim) return
                holder = undefined
                grant()
              })
          },
        }
        const abort = () => {
          if (holder === claim) return
          waiting = waiting.filter((one) => one !== claim)
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', abort)
        if (steal) {
          holder?.rob(new DOMException('The lock was stolen.', 'AbortError'))
          holder = undefined
          stolen = true
          waiting.unshift(claim)
        } else waiting.push(claim)
        grant()
      })
    },
    wasStolen: () => stolen,
    release(page: Page) {
      waiting = waiting.filter((claim) => claim.page !== page)
      if (holder?.page === page) holder = undefined
      grant()
    },
  }
}

/** BroadcastChannel over the tasks of a world. */
export function worldChannel(world: World) {
  const open = new Set<Channel>()
  class Channel {
    onmessage: ((event: { data: unknown }) => void) | null = null
    readonly page = world.page
    constructor(readonly name: string) {
      open.add(this)
    }
    postMessage(message: unknown) {
      const data = structuredClone(message)
      for (const one of open) {
        if (one === this || one.name !== this.name || one.page?.dead) continue
        world.schedule(`messages ${one.page?.id}`, one.page, () => open.has(one) && one.onmessage?.({ data }))
      }
    }
    close() {
      open.delete(this)
    }
  }
  return Channel
}

/** `AbortSignal` with the time of a world. */
export const worldAbortSignal = (world: World) => ({
  any: AbortSignal.any.bind(AbortSignal),
  abort: AbortSignal.abort.bind(AbortSignal),
  timeout(ms: number) {
    const controller = new AbortController()
    world.setTimeout(() => controller.abort(new DOMException('Too late.', 'TimeoutError')), ms)
    return controller.signal
  },
})
