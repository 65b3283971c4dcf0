/** Stores sessions, as text. An `owner` identifies the client. */
export interface SessionStore {
  /** Short name for events, for example `sealed`. */
  readonly name: string
  /** @returns undefined if there is none, or if it cannot be decrypted */
  read(owner: string): Promise<string | undefined>
  /** Replaces the text; undefined deletes it. */
  write(owner: string, text: string | undefined): Promise<void>
  /** Runs `work` alone for its owner, among all tabs that share the store. Different owners do not wait for each other. */
  exclusive<T>(owner: string, work: () => Promise<T>): Promise<T>
}

/** Runs the work of each owner in sequence, even if an earlier one fails. */
export function inTurn(): SessionStore['exclusive'] {
  const last = new Map<string, Promise<unknown>>()
  return (owner, work) => {
    const own = Promise.resolve(last.get(owner)).then(work)
    last.set(
      owner,
      own.catch(() => {}),
    )
    return own
  }
}

/** Stores the session in the memory of this page: a reload loses it, and every tab has its own. */
export function memorySessions(): SessionStore {
  const texts = new Map<string, string | undefined>()
  return {
    name: 'memory',
    read: async (owner) => texts.get(owner),
    write: async (owner, text) => void texts.set(owner, text),
    exclusive: inTurn(),
  }
}
