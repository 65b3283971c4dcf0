/** The result of {@link Vault.take}. A take with an unknown outcome throws. */
export type Taken =
  /** The value was decrypted; it cannot be taken again. */
  | {
      readonly status: 'taken'
      readonly value: string
      /**
       * Undoes this take, so that the value can be taken once more. It is bound to this take by a random token, and changes
       * nothing if the record has changed since.
       * @returns whether the record is stored again
       * @throws `storage_unavailable`, if that is not known
       */
      putBack(): Promise<boolean>
    }
  /**
   * `unknown`: there is no record. `spent`: it was taken before. `expired`: its lifetime is over. `other_owner`: it belongs to
   * another owner and was not changed. `unreadable`: it cannot be decrypted.
   */
  | { readonly status: 'unknown' | 'spent' | 'expired' | 'other_owner' | 'unreadable' }

/**
 * Stores pending sign-ins, as text, between start and callback.
 *
 * A `ticket` is the `state`. Its first 13 characters are the expiry in milliseconds since the epoch; the rest is random. It
 * is a part of the decryption key: never store it, use a digest of it as the key of the record. An `owner` identifies the
 * client, and may be stored.
 */
export interface Vault {
  /** Short name for events, for example `indexeddb`. */
  readonly name: string
  /** Opens the storage in advance. Never throws; `put` reports the problem. */
  prepare?(): void
  /**
   * Stores the value until the ticket expires. When it resolves, `take` works: the value was written, read back and
   * decrypted.
   * @returns the ids (`ticketId`) of the pending sign-ins that were removed to make room, if any
   * @throws `insecure_context`, `storage_unavailable`, `storage_full`, `storage_refused_key`
   */
  put(ticket: string, owner: string, value: string): Promise<readonly string[] | undefined>
  /**
   * Returns the value once. Of several concurrent calls exactly one gets it.
   * @throws `insecure_context`; `storage_unavailable`: nothing was taken, `retryable`; `storage_outcome_unknown`: it may
   * have been taken, or may be taken later, and the value is not returned
   */
  take(ticket: string, owner: string): Promise<Taken>
  /** Keeps public texts for later pages, such as the server's metadata, apart from the sign-ins. Any may be lost. */
  readonly documents?:
    | {
        read(id: string): Promise<string | undefined>
        /** Deletes it if the text is undefined. */
        write(id: string, text: string | undefined): Promise<void>
      }
    | undefined
}
