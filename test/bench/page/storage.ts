/**
 * Looks for the sign-in's verifier in what the page stores: a text whose SHA-256 is the URL's `code_challenge`.
 * @returns the name of the storage that holds it in plain text, or an empty string
 */
export async function plainVerifierIn(authorizationUrl: string): Promise<string> {
  const challenge = new URL(authorizationUrl).searchParams.get('code_challenge')
  const places = {
    sessionStorage: JSON.stringify(sessionStorage),
    localStorage: JSON.stringify(localStorage),
    IndexedDB: JSON.stringify(await everyRecord(), readable),
    cookie: document.cookie,
  }
  for (const [name, text] of Object.entries(places)) {
    // RFC 7636 §4.1: 43 to 128 characters.
    for (const [candidate] of text.matchAll(/[\w.~-]{43,128}/g))
      if ((await sha256(candidate)) === challenge) return name
  }
  return ''
}

/** Every value in every database of this origin. */
export async function everyRecord(): Promise<unknown[]> {
  const records: unknown[] = []
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await result(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      records.push(...(await result(database.transaction(store).objectStore(store).getAll())))
    }
    database.close()
  }
  return records
}

const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const readable = (_key: string, value: unknown) =>
  value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : value

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
