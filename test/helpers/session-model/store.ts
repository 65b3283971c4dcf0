import { exclusively } from '../../../src/vault/lock.js'
import { inTurn, type SessionStore, type StoredText } from '../../../src/vault/session-store.js'
import type { Page, World } from './world.js'

export type StoreFault = {
  /** `unsure`: it was written, and says that it was not. */
  readonly what: 'read' | 'replace' | 'unsure'
  times: number
}

const NOTHING: StoredText = { epoch: 0, text: undefined }

/** What a browser stores, over the tasks of a world. */
export function createRecords(
  world: World,
  onWrite: (owner: string, page: Page | undefined, before: StoredText, next: StoredText) => void,
  onFailure: (owner: string, page: Page, what: StoreFault['what']) => void,
) {
  let faults: StoreFault[] = []
  /** With memory, each page has its own. */
  const texts = new Map<string, StoredText>()
  const keyOf = (owner: string, page: Page | undefined, shared: boolean) => (shared ? owner : `${page?.id} ${owner}`)

  function faultOf(...wanted: StoreFault['what'][]): StoreFault['what'] | undefined {
    const fault = faults.find(({ what, times }) => wanted.includes(what) && times > 0)
    if (fault) fault.times--
    return fault?.what
  }

  function write(key: string, owner: string, page: Page | undefined, next: StoredText) {
    const before = texts.get(key) ?? NOTHING
    texts.set(key, next)
    onWrite(owner, page, before, next)
  }

  return {
    add: (fault: StoreFault) => void faults.push({ ...fault }),
    calm() {
      faults = []
    },
    stored: (owner: string, page?: Page): StoredText => texts.get(keyOf(owner, page, !page)) ?? NOTHING,
    /** What another application writes, as another tab would. */
    overwrite(owner: string, text: string) {
      const { epoch } = texts.get(owner) ?? NOTHING
      write(owner, owner, undefined, { epoch: epoch + 1, text })
    },

    storeOf(page: Page, shared: boolean): SessionStore {
      /** The effect comes whatever becomes of the page; the answer only to a page that runs. */
      const operation = <T>(effect: () => T) =>
        new Promise<T>((resolve, reject) => {
          const lane = `store ${page.id}`
          world.schedule(lane, undefined, () => {
            let settle: () => void
            try {
              const result = effect()
              settle = () => resolve(result)
            } catch (error) {
              settle = () => reject(error)
            }
            world.schedule(lane, page, settle)
          })
        })
      const fail = (owner: string, what: StoreFault['what']): never => {
        onFailure(owner, page, what)
        throw new Error('broken')
      }
      const turn = inTurn()
      return {
        name: shared ? 'shared' : 'memory',
        shared,
        read: (owner) =>
          operation(() => (faultOf('read') ? fail(owner, 'read') : (texts.get(keyOf(owner, page, shared)) ?? NOTHING))),
        replace: (owner, expectedEpoch, next) =>
          operation(() => {
            const what = faultOf('replace', 'unsure')
            if (what === 'replace') fail(owner, what)
            const key = keyOf(owner, page, shared)
            if ((texts.get(key) ?? NOTHING).epoch !== expectedEpoch) return false
            write(key, owner, page, next)
            if (what) fail(owner, what)
            return true
          }),
        exclusive: (owner, work) => turn(owner, shared ? () => exclusively(owner, work) : work),
      }
    },
  }
}
