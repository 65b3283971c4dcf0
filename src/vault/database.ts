import { createStore, promisifyRequest } from 'idb-keyval'
import { outcomeUnknown, ProofkeyError } from '../errors.js'
import { withinTime } from './within-time.js'

export { promisifyRequest }

/** Some engines never answer an open request. */
const TIMEOUT_MS = 5000

/**
 * Runs work on the records in one transaction. If it fails, the transaction is aborted and changes nothing.
 * @throws `storage_unavailable`, `storage_full`, `storage_refused_key`; `storage_outcome_unknown`, if a write did not end in
 * time and could not be aborted
 */
export type Transaction = <T>(mode: IDBTransactionMode, work: (records: IDBObjectStore) => Promise<T>) => Promise<T>

/** A database with one store, as idb-keyval requires; opened at its first use, and again after a failure. */
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
        // If a request fails, use its error: the error of the transaction follows and is less specific.
        committed.catch(() => {})
        const result = await work(records)
        await committed
        return result
      })
    try {
      return await withinTime(
        run().catch((error) => {
          // The connection was closed before use; nothing was executed, so retry with a new one.
          if (running || error?.name !== 'InvalidStateError') throw error
          store = connect()
          return run()
        }),
        TIMEOUT_MS,
        () => LATE,
      )
    } catch (cause) {
      // Late work must change nothing; a connection that failed is not used again.
      givenUp = true
      store = connect()
      let isUnknown = false
      try {
        running?.abort()
      } catch {
        // It is committing, or has ended (Indexed Database API §4.9, `abort()`).
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
      'The browser has no space for the record.',
      'Free space for this site, then try again.',
      { cause },
    )
  }
  return new ProofkeyError('storage_unavailable', 'IndexedDB cannot be used here.', 'Allow site data for this page.', {
    cause,
    retryable: true,
  })
}

/** The engine stored a key and cannot return it. */
export function keyRefused(cause?: unknown): ProofkeyError {
  return new ProofkeyError(
    'storage_refused_key',
    'The browser did not store the encryption key.',
    'Leave private browsing or lockdown mode.',
    { cause },
  )
}
