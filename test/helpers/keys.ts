/** The database of the signing keys as any other script of the origin sees it, through the bare IndexedDB API. */
export async function inKeys<T>(
  mode: IDBTransactionMode,
  work: (records: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open('proofkey-keys')
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const request = work(opening.result.transaction('keys', mode).objectStore('keys'))
  await new Promise((resolve) => request.transaction?.addEventListener('complete', resolve))
  opening.result.close()
  return request.result
}
