/** proofkey's database, read behind its back as any script, extension or thief could. */
const DATABASE = 'proofkey'
const STORE = 'sign-ins'

export interface StoredRecord {
  readonly owner: string
  readonly key?: CryptoKey
  readonly sealed?: Uint8Array
}

export const place = `IndexedDB › ${DATABASE} › ${STORE}`

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

async function withStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
  const database = await settled(indexedDB.open(DATABASE))
  try {
    return await work(database.transaction(STORE, mode).objectStore(STORE))
  } finally {
    database.close()
  }
}

/** The sign-ins, and as text the server's metadata. Undefined where there is no database yet; opening it here would make an empty one. */
export async function listRecords(): Promise<[id: string, record: StoredRecord | string][] | undefined> {
  const databases = await indexedDB.databases()
  if (!databases.some(({ name }) => name === DATABASE)) return undefined
  return withStore('readonly', async (store) => {
    const [ids, records] = await Promise.all([
      settled(store.getAllKeys()),
      settled<(StoredRecord | string)[]>(store.getAll()),
    ])
    return ids.map((id, index) => [String(id), records[index]!])
  })
}

export const readRecord = (id: string): Promise<StoredRecord> =>
  withStore('readonly', (store) => settled<StoredRecord>(store.get(id)))

export const writeRecord = (id: string, record: StoredRecord): Promise<unknown> =>
  withStore('readwrite', (store) => settled(store.put(record, id)))

export const deleteRecord = (id: string): Promise<unknown> =>
  withStore('readwrite', (store) => settled(store.delete(id)))

export async function deleteAllRecords(): Promise<void> {
  if (await listRecords()) await withStore('readwrite', (store) => settled(store.clear()))
}
