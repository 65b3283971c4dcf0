import { promisifyRequest } from 'idb-keyval'
import { outcomeUnknown, ProofkeyError } from '../errors.js'
import { STORAGE_TIMEOUT_MS, withinTime } from '../limits.js'

export { promisifyRequest }

/**
 * Runs work on the records in one transaction. If it fails, the transaction is aborted and changes nothing.
 * @throws `storage_unavailable`, `storage_full`, `storage_refused_key`; `storage_outcome_unknown`, if a write did not end in
 * time and could not be aborted
 */
export type Transaction = <T>(mode: IDBTransactionMode, work: (records: IDBObjectStore) => Promise<T>) => Promise<T>

/** A database with one store; opened at its first use, and again after a failure or when the page was left. */
export function createDatabase(database: string, name: string): Transaction {
  let connection: Promise<IDBDatabase> | undefined
  const running = new Set<IDBTransaction | null | undefined>()
  /** How often the page was left. */
  let departures = 0

  /**
   * WebKit keeps a transaction that runs while its page enters the back/forward cache, and the database is blocked for every
   * later page. An aborted write may lose a rotated refresh token, which costs one sign-in; a blocked database costs them all.
   */
  function depart() {
    departures++
    for (const transaction of running) if (abort(transaction)) running.delete(transaction)
    connection?.then((opened) => opened.close()).catch(() => {})
    connection = undefined
  }

  async function connect(): Promise<IDBDatabase> {
    globalThis.addEventListener?.('pagehide', depart, { once: true })
    const request = indexedDB.open(database)
    request.onupgradeneeded = () => {
      running.add(request.transaction)
      request.result.createObjectStore(name)
    }
    return promisifyRequest(request)
  }

  return async function run<T>(
    mode: IDBTransactionMode,
    work: (records: IDBObjectStore) => Promise<T>,
    isRepeated = false,
  ): Promise<T> {
    const seen = departures
    let givenUp = false
    let own: IDBTransaction | undefined
    let used: typeof connection
    const transact = async () => {
      used = connection ??= connect()
      const opened = await used
      if (givenUp) throw LATE
      own = opened.transaction(name, mode)
      running.add(own)
      const committed = promisifyRequest(own)
      // If a request fails, use its error: the error of the transaction follows and is less specific.
      committed.catch(() => {})
      const result = await work(own.objectStore(name))
      await committed
      return result
    }
    try {
      return await withinTime(transact(), STORAGE_TIMEOUT_MS, () => LATE)
    } catch (cause) {
      // Late work must change nothing; a connection that failed is not used again, but one that others opened since then is.
      givenUp = true
      if (connection === used) connection = undefined
      if (running.has(own) && !abort(own) && cause === LATE && mode === 'readwrite') throw outcomeUnknown(cause)
      // The connection was closed before use, or the page was left and is shown again: nothing was done, so repeat it.
      const isCutOff = departures > seen || (!own && Object(cause).name === 'InvalidStateError')
      if (isCutOff && !isRepeated) return run(mode, work, true)
      throw storageError(cause)
    } finally {
      running.delete(own)
    }
  }
}

/** @returns false if it is committing, or has ended (Indexed Database API §4.9) */
function abort(transaction: IDBTransaction | null | undefined): boolean {
  try {
    transaction?.abort()
    return true
  } catch {
    return false
  }
}

const LATE = new Error('IndexedDB did not respond')

function storageError(cause: unknown): ProofkeyError {
  const { name } = Object(cause)
  if (name === 'DataCloneError') return keyRefused(cause)
  return name === 'QuotaExceededError'
    ? new ProofkeyError(
        'storage_full',
        'The browser did not store the record.',
        'Free space for this site, then try again.',
        { cause },
      )
    : new ProofkeyError('storage_unavailable', 'IndexedDB cannot be used here.', 'Allow site data for this page.', {
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
