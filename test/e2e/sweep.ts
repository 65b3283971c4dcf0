import type { BrowserContext, Page } from 'playwright-core'
import { tracesOf } from '../helpers/traces.js'

/** Everything that a browser shows of a sign-in, as text: collected as it happens, and on demand. */
export function watch(context: BrowserContext) {
  const traces: string[] = []
  const tokenRequests: string[] = []

  context.on('request', async (request) => {
    const body = request.postData() ?? ''
    if (request.method() === 'POST' && request.url().endsWith('/token')) tokenRequests.push(body)
    else traces.push(`body of ${request.url()}: ${body}`)
    traces.push(`request: ${request.url()} ${JSON.stringify(await request.allHeaders().catch(() => ({})))}`)
  })
  context.on('response', async (response) => {
    traces.push(`response: ${JSON.stringify(await response.allHeaders().catch(() => ({})))}`)
  })
  context.on('console', (message) => traces.push(`console: ${message.text()}`))
  context.on('weberror', (error) => traces.push(`error: ${error.error().stack}`))

  return {
    traces,
    /** The bodies of the token requests: the one place where a verifier belongs. */
    tokenRequests,
    /** Adds all that lies in this page's origin and history now. */
    async collect(page: Page): Promise<void> {
      const session = await context.newCDPSession(page)
      traces.push(`history: ${JSON.stringify(await session.send('Page.getNavigationHistory'))}`)
      traces.push(`cookies: ${JSON.stringify(await context.cookies())}`)
      traces.push(`page: ${await page.evaluate(readOrigin)}`)
      await session.detach()
    },
  }
}

/** Runs in the page. Bytes are written out as text, hex and base64. */
export async function readOrigin(): Promise<string> {
  const bytes = (value: ArrayBuffer | ArrayBufferView) => {
    const view = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value)
    const text = String.fromCharCode(...view)
    return { text, hex: [...view].map((byte) => byte.toString(16).padStart(2, '0')).join(''), base64: btoa(text) }
  }
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const keys: unknown[] = []
  const plain = (_: string, value: unknown) => {
    if (value instanceof CryptoKey) {
      keys.push(value)
      return { type: value.type, extractable: value.extractable, algorithm: value.algorithm, usages: value.usages }
    }
    return value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? bytes(value) : value
  }
  const databases: unknown[] = []
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const records = database.transaction(store).objectStore(store)
      databases.push({ name, store, ids: await done(records.getAllKeys()), values: await done(records.getAll()) })
    }
    database.close()
  }
  const cached: unknown[] = []
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      cached.push({ name, url: request.url, body: await (await cache.match(request))?.text() })
    }
  }
  return JSON.stringify(
    {
      url: location.href,
      name: window.name,
      history: history.state,
      referrer: document.referrer,
      cookie: document.cookie,
      local: { ...localStorage },
      session: { ...sessionStorage },
      html: document.documentElement.outerHTML,
      entries: performance.getEntries().map(({ name }) => name),
      databases,
      cached,
    },
    plain,
  )
}

/** The traces that hold a secret in any of the forms it could be written in. */
export const findSecret = (traces: readonly string[], secret: string): string[] =>
  traces.filter((trace) => tracesOf(secret, trace).length).map((trace) => trace.slice(0, 200))
