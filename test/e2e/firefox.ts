import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { startFirefox } from '../helpers/firefox.js'
import { openSession, type Session } from './bidi.js'
import type { Site } from './browser.js'
import { createTab, type Tab, until } from './tab.js'

/** Cookies and storage of its own, as another browser would have. */
export interface Person {
  newTab(): Promise<Tab>
  /** Waits for the last window or frame that a page has opened, or for the first that it will open. */
  openedBy(tab: Tab): Promise<Tab>
  /** Takes part of the network away. @returns its undo */
  unplug(url: string): Promise<() => Promise<unknown>>
  cookies(): Promise<unknown>
  leave(): Promise<unknown>
}

interface Sent {
  readonly intercepts?: readonly string[]
  readonly request: { readonly request: string; readonly url: string; readonly method: string }
}

async function createPerson(session: Session): Promise<Person> {
  const { send } = session
  const { userContext } = await send<{ userContext: string }>('browser.createUserContext')
  const opened = new Map<string, string>()
  const undo = session.on<{ context: string; originalOpener: string | null; parent: string | null }>(
    'browsingContext.contextCreated',
    ({ context, originalOpener, parent }) => opened.set(parent ?? originalOpener ?? '', context),
  )
  return {
    async newTab() {
      const { context } = await send<{ context: string }>('browsingContext.create', { type: 'tab', userContext })
      return createTab(session, context)
    },
    openedBy: async ({ context }) => createTab(session, await until('a window', async () => opened.get(context))),
    async unplug(url) {
      const cut = { phases: ['beforeRequestSent'], urlPatterns: [{ type: 'string', pattern: url }] }
      const { intercept } = await send<{ intercept: string }>('network.addIntercept', cut)
      const off = session.on<Sent>('network.beforeRequestSent', ({ intercepts, request: { request } }) => {
        if (intercepts?.includes(intercept)) send('network.failRequest', { request }).catch(() => {})
      })
      return async () => {
        off()
        await send('network.removeIntercept', { intercept })
      }
    },
    cookies: async () => send('storage.getCookies', { partition: { type: 'storageKey', userContext } }),
    async leave() {
      undo()
      await send('browser.removeUserContext', { userContext })
    },
  }
}

/**
 * A site and one Firefox for all tests of a file; each test brings its own people.
 * @param blocks what the people block
 */
export function useFirefox(start: () => Promise<Site>, blocks?: 'site data of the app') {
  let site: Site
  let firefox: Awaited<ReturnType<typeof startFirefox>>
  let session: Session
  const people: Person[] = []
  const tokenRequests: Promise<string>[] = []

  beforeAll(async () => {
    site = await start()
    firefox = await startFirefox({ blocked: blocks && site.url })
    session = await openSession(firefox.address, ['browsingContext.contextCreated', 'network.beforeRequestSent'])
    const { send, on } = session
    const limits = { dataTypes: ['request'], maxEncodedDataSize: 100_000 }
    const { collector } = await send<{ collector: string }>('network.addDataCollector', limits)
    const bodyOf = async (request: string) => {
      const asked = { dataType: 'request', collector, request }
      const { bytes } = await send<{ bytes: { value: string } }>('network.getData', asked)
      return bytes.value
    }
    on<Sent>('network.beforeRequestSent', ({ request: { request, url, method } }) => {
      if (method !== 'POST' || url !== `${site.issuer}/token`) return
      tokenRequests.push(bodyOf(request).catch(String))
    })
  })
  afterEach(async () => {
    await Promise.all(people.splice(0).map((person) => person.leave()))
    tokenRequests.length = 0
  })
  afterAll(async () => {
    session?.close()
    await firefox?.stop()
    await site?.close()
  })
  return {
    get url() {
      return site.url
    },
    get issuer() {
      return site.issuer
    },
    get callback() {
      return `${site.url}/callback`
    },
    /** The bodies of this test's token requests so far. */
    tokenRequests,
    /** Everything that lies on the disk now; caches come and go meanwhile. */
    files: async (): Promise<string[]> => {
      const entries = await readdir(firefox.profile, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
      const texts = files.map(async (path) => `${path}: ${await readFile(path, 'latin1').catch(String)}`)
      return Promise.all(texts)
    },
    async newPerson(): Promise<Person> {
      const person = await createPerson(session)
      people.push(person)
      return person
    },
  }
}
