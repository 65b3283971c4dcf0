import { createStore, promisifyRequest } from 'idb-keyval'
import { outcomeUnknown, ProofkeyError } from '../errors.js'
import { withinTime } from './within-time.js'

export { promisifyRequest }

/** Some engines leave an open request unanswered for ever. */
const TIMEOUT_MS = 5000

/**
 * Runs work on the records in one transaction. Where it fails, the transaction is aborted: nothing of it was done.
 * @throws `storage_unavailable`, `storage_full`, `storage_refused_key`; `storage_outcome_unknown`, where a write could not
 * be aborted any more and its end was not heard of
 */
export type Transaction = <T>(mode: IDBTransactionMode, work: (records: IDBObjectStore) => Promise<T>) => Promise<T>

/** A database of one store, as idb-keyval wants it; opened at its first use, and again after a failure. */
export function createDatabase(database: string, name: string): Transaction {
  const connect = () => createStore(database, name)
  let store = connect()

  return async (mode, work) => {
    let givenUp = false
    let running: IDBTransaction | undefined
    const run = () =>
      store(mode, async (records) => {
        if (givenUp) throw LATE
        running = records.transaction
        const committed = promisifyRequest(running)
        // Where a request fails, its own error is the one that tells; the transaction's follows and knows less.
        committed.catch(() => {})
        const result = await work(records)
        await committed
        return result
      })
    try {
      return await withinTime(
        run().catch((error) => {
          // The connection died between open and use: nothing ran yet, so a new one may try.
          if (running || error?.name !== 'InvalidStateError') throw error
          store = connect()
          return run()
        }),
        TIMEOUT_MS,
        () => LATE,
      )
    } catch (cause) {
      // What comes too late must change nothing; a connection that failed is not used again.
      givenUp = true
      store = connect()
      let isUnknown = false
      try {
        running?.abort()
      } catch {
        // It commits, or has ended (Indexed Database API §4.9, `abort()`).
        isUnknown = cause === LATE && mode === 'readwrite'
      }
      throw isUnknown ? outcomeUnknown(cause) : storageError(cause)
    }
  }
}

const LATE = new Error('IndexedDB did not answer')

function storageError(cause: unknown): ProofkeyError {
  const { name } = Object(cause)
  if (name === 'DataCloneError') return keyRefused(cause)
  if (name === 'QuotaExceededError') {
    return new ProofkeyError(
      'storage_full',
      'The browser has no room for the sign-in.',
      'Free space for this site, then try again.',
      { cause },
    )
  }
  return new ProofkeyError('storage_unavailable', 'IndexedDB cannot be used here.', 'Allow site data for this page.', {
    cause,
    retryable: true,
  })
}

/** The engine took a key and cannot give it back. */
export function keyRefused(cause?: unknown): ProofkeyError {
  return new ProofkeyError(
    'storage_refused_key',
    'The browser did not keep the sealing key.',
    'Leave private browsing or lockdown mode.',
    { cause },
  )
}
