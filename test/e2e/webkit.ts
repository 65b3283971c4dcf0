import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWebKit } from '../helpers/webkit.js'
import { type Tab, until } from './tab.js'

/** An element in WebDriver's JSON (https://www.w3.org/TR/webdriver2/#elements). */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'

/** Commands of one WebDriver session, one after the other, each in its window. */
function createCommands(root: string) {
  let last: Promise<unknown> = Promise.resolve()
  async function send<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(root + path, { method, ...(body && { body: JSON.stringify(body) }) })
    const { value } = (await response.json()) as { value: T & { error?: string; message?: string } }
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`)
    return value
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const own = last.then(work)
    last = own.catch(() => {})
    return own
  }
  return {
    send: <T>(method: string, path: string, body?: object) => inTurn(() => send<T>(method, path, body)),
    sendIn: <T>(handle: string, method: string, path: string, body?: object) =>
      inTurn(async () => {
        await send('POST', '/window', { handle })
        return send<T>(method, path, body)
      }),
  }
}

type Commands = ReturnType<typeof createCommands>

function createTab({ sendIn }: Commands, context: string): Tab {
  const post = <T>(path: string, body = {}) => sendIn<T>(context, 'POST', path, body)
  const evaluate: Tab['evaluate'] = async (work, ...given) => {
    const script = `
      const done = arguments[1]
      const run = async () => JSON.stringify(await (${work})(...JSON.parse(arguments[0])))
      run().then((value) => done({ value }), (error) => done({ error: String(error) }))`
    const { value, error } = await post<{ value?: string; error?: string }>('/execute/async', {
      script,
      args: [JSON.stringify(given)],
    })
    if (error) throw new Error(`In the page: ${error}`)
    return JSON.parse(value ?? 'null') ?? undefined
  }
  const find = (selector: string) =>
    until(selector, async () => {
      const found = await post<{ [ELEMENT]: string }>('/element', { using: 'css selector', value: selector })
      return `/element/${found[ELEMENT]}`
    })
  return {
    context,
    goto: (url) => post('/url', { url }),
    reload: () => post('/refresh'),
    back: () => post('/back'),
    url: () => sendIn(context, 'GET', '/url'),
    arrive: (start) =>
      until(start, async () => {
        const [url = '', state] = await evaluate(() => [location.href, document.readyState])
        return state === 'complete' && url.startsWith(start) ? url : undefined
      }),
    evaluate,
    click: async (selector) => post(`${await find(selector)}/click`),
    fill: async (selector, text) => post(`${await find(selector)}/value`, { text }),
    close: () => sendIn(context, 'DELETE', '/window'),
  }
}

/** WebKitGTK with one profile, which it keeps over a restart. Whoever starts it ends it. */
export async function startWebKitWithProfile({ isPrivate = false } = {}) {
  const webkit = await startWebKit()
  const profile = mkdtempSync(join(tmpdir(), 'proofkey-webkit-profile-'))
  const driver = createCommands(webkit.address)
  let session: Commands
  /** The window that it starts with; without one it would end. */
  let first: string

  async function open(): Promise<void> {
    const capabilities = { alwaysMatch: webkit.browserWith(isPrivate ? undefined : profile) }
    const { sessionId } = await driver.send<{ sessionId: string }>('POST', '/session', { capabilities })
    session = createCommands(`${webkit.address}/session/${sessionId}`)
    first = await session.send('GET', '/window')
  }
  await open()

  return {
    async newTab(): Promise<Tab> {
      const { handle } = await session.sendIn<{ handle: string }>(first, 'POST', '/window/new', { type: 'tab' })
      return createTab(session, handle)
    },
    async tabs(): Promise<Tab[]> {
      const handles = await session.send<string[]>('GET', '/window/handles')
      return handles.map((handle) => createTab(session, handle))
    },
    async restart(): Promise<void> {
      await session.send('DELETE', '')
      await open()
    },
    async stop(): Promise<void> {
      await session.send('DELETE', '').catch(() => {})
      await webkit.stop()
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
