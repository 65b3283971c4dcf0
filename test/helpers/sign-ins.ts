/** The vault's database as any other script of the origin sees it, through the bare IndexedDB API. */

export interface RawRecord {
  owner: string
  key?: CryptoKey
  sealed?: Uint8Array<ArrayBuffer>
}

/** What lies there, by record id. */
export async function storedSignIns(): Promise<Map<string, RawRecord>> {
  return inStore('readonly', async (records) => {
    const [ids, values] = await Promise.all([settled(records.getAllKeys()), settled(records.getAll())])
    const all = ids.map((id, index) => [id, values[index] as RawRecord] as const)
    // Ids of documents are lists.
    return new Map(all.filter((pair): pair is readonly [string, RawRecord] => typeof pair[0] === 'string'))
  })
}

/** Puts anything in a record's place. */
export async function overwriteSignIn(id: string, record: unknown): Promise<void> {
  await inStore('readwrite', (records) => settled(records.put(record, id)))
}

async function inStore<T>(mode: IDBTransactionMode, work: (records: IDBObjectStore) => Promise<T>): Promise<T> {
  const opening = indexedDB.open('proofkey')
  // Whoever looks first must not be the one who creates it.
  opening.onupgradeneeded = () => opening.transaction?.abort()
  const database = await settled(opening)
  try {
    return await work(database.transaction('sign-ins', mode).objectStore('sign-ins'))
  } finally {
    database.close()
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
