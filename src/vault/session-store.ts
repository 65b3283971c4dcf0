/** Where a session is kept between two uses. Holds any text; knows nothing of OAuth. An `owner` names the client. */
export interface SessionStore {
  /** Short name for events, for example `sealed`. */
  readonly name: string
  /** @returns undefined where there is none, or none that opens */
  read(owner: string): Promise<string | undefined>
  /** Replaces the text; undefined deletes it. */
  write(owner: string, text: string | undefined): Promise<void>
  /** Runs one work at a time for each owner, among all that share the store. Two owners do not wait for each other. */
  exclusive<T>(owner: string, work: () => Promise<T>): Promise<T>
}

/** For each owner one after the other, whatever became of the one before. */
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

/** Keeps the session in this page's memory: a reload forgets it, and every tab has its own. */
export function memorySessions(): SessionStore {
  const texts = new Map<string, string | undefined>()
  return {
    name: 'memory',
    read: async (owner) => texts.get(owner),
    write: async (owner, text) => void texts.set(owner, text),
    exclusive: inTurn(),
  }
}
