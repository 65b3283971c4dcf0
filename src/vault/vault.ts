/** What became of a ticket that was handed in. A take whose outcome is not known throws; see {@link Vault.take}. */
export type Taken =
  /** It opened; from now on it cannot be taken again. */
  | {
      readonly status: 'taken'
      readonly value: string
      /**
       * Undoes this take, so that the ticket can be taken once more. It carries the take's own random token and changes
       * nothing where the record is no longer as this take left it.
       * @returns whether the record waits again
       * @throws `storage_unavailable`, where that is not known
       */
      putBack(): Promise<boolean>
    }
  /** `unknown`: nothing is filed under it. `spent`: it was taken before. `expired`: its time is over. `other_owner`: it
   * belongs to another owner and was left alone. `unreadable`: what is filed under it does not open. */
  | { readonly status: 'unknown' | 'spent' | 'expired' | 'other_owner' | 'unreadable' }

/**
 * Where a sign-in's secret waits. Holds any text; knows nothing of OAuth.
 *
 * A `ticket` is what the person carries away and brings back. Its first 13 characters are its expiry in milliseconds
 * since the epoch; the rest is random. It is half of the lock, so no vault stores it: file under a digest of it. An
 * `owner` names the client a sign-in belongs to, and may be stored.
 */
export interface Vault {
  /** Short name for events, for example `indexeddb`. */
  readonly name: string
  /** Gets ready ahead of use, if there is anything to get ready. Never fails: what is wrong shows in `put`. */
  prepare?(): void
  /**
   * Keeps the value until the ticket's expiry. When it resolves, `take` is known to work: the value was written, read
   * back and opened.
   * @returns the ids (`ticketId`) of the sign-ins that were still waiting and were dropped to make room, if any
   * @throws `insecure_context`, `storage_unavailable`, `storage_full`, `storage_refused_key`
   */
  put(ticket: string, owner: string, value: string): Promise<readonly string[] | undefined>
  /**
   * Hands the value out once. Of any number of takes at the same time exactly one gets it.
   * @throws `insecure_context`; `storage_unavailable`: nothing was taken, `retryable`; `storage_outcome_unknown`: it may
   * have been taken, or may be taken later, and the value is not handed out
   */
  take(ticket: string, owner: string): Promise<Taken>
}
