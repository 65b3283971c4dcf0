/** A text in a store, and its epoch. */
export interface StoredText {
  /** Rises with each change and never falls; 0 if nothing was ever stored. */
  readonly epoch: number
  /** Undefined if there is none, or if it cannot be decrypted. */
  readonly text: string | undefined
}

/** Stores sessions, as text. An `owner` identifies the client. */
export interface SessionStore {
  /** Short name for events, for example `sealed`. */
  readonly name: string
  /** All tabs of the origin see the same texts, and a reload keeps them. */
  readonly shared: boolean
  read(owner: string): Promise<StoredText>
  /**
   * Replaces the text if its epoch is still the expected one: compare and set, in one step for all that share the store.
   * @returns false if the epoch was another one; then nothing was changed
   */
  replace(owner: string, expectedEpoch: number, next: StoredText): Promise<boolean>
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

const NOTHING: StoredText = { epoch: 0, text: undefined }

/**
 * Stores the session in the memory of this page: a reload loses it, and every tab has its own.
 * @example
 * ```ts
 * import { createSessionClient, memorySessions } from 'proofkey'
 *
 * const auth = createSessionClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   sessionStore: memorySessions(), // the default: ends with the page
 * })
 * ```
 */
export function memorySessions(): SessionStore {
  const texts = new Map<string, StoredText>()
  const read = (owner: string) => texts.get(owner) ?? NOTHING
  return {
    name: 'memory',
    shared: false,
    read: async (owner) => read(owner),
    async replace(owner, expectedEpoch, next) {
      if (read(owner).epoch !== expectedEpoch) return false
      texts.set(owner, next)
      return true
    },
    exclusive: inTurn(),
  }
}
