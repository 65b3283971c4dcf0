import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from './bidi.js'

/** A tab or a popup, used as a person does: real keys and clicks, so that what a browser allows only then is allowed. */
export interface Tab {
  readonly context: string
  goto(url: string): Promise<void>
  reload(): Promise<void>
  /** The Back button. */
  back(): Promise<void>
  url(): Promise<string>
  /** Waits for a page to be loaded whose URL starts so. @returns its URL */
  arrive(start: string): Promise<string>
  /** Runs in the page, without the rights that a click gives. What goes in and out is JSON. */
  evaluate<Given extends unknown[], T>(work: (...given: Given) => T | Promise<T>, ...given: Given): Promise<T>
  /** Waits for an element. */
  click(selector: string): Promise<void>
  fill(selector: string, text: string): Promise<void>
  close(): Promise<void>
}

/** A bound for what never comes; long, as two files run at a time. */
export const PATIENCE_MS = 30_000

/** Looks again and again: while a page gives way to the next one, there may be nobody to ask. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS
  let last: unknown
  while (Date.now() < end) {
    const found = await look().catch((error) => {
      last = error
    })
    if (found !== undefined) return found
    await sleep(20)
  }
  throw new Error(`Waited in vain for ${what}`, { cause: last })
}

export function createTab({ send }: Session, context: string): Tab {
  const evaluate: Tab['evaluate'] = async (work, ...given) => {
    const answer = await send<{ result?: { value?: string }; exceptionDetails?: { text: string } }>(
      'script.callFunction',
      {
        functionDeclaration: `async (given) => JSON.stringify(await (${work})(...JSON.parse(given)))`,
        arguments: [{ type: 'string', value: JSON.stringify(given) }],
        target: { context },
        awaitPromise: true,
      },
    )
    if (answer.exceptionDetails) throw new Error(`In the page: ${answer.exceptionDetails.text}`)
    const { value } = answer.result ?? {}
    return value === undefined ? undefined : JSON.parse(value)
  }
  const act = (actions: object[]) => send('input.performActions', { context, actions })
  const type = (text: string) =>
    act([
      {
        type: 'key',
        id: 'keys',
        actions: [...text].flatMap((value) => ['keyDown', 'keyUp'].map((type) => ({ type, value }))),
      },
    ])
  const find = (selector: string) =>
    until(selector, async () => {
      const locator = { type: 'css', value: selector }
      const { nodes } = await send<{ nodes: { sharedId: string }[] }>('browsingContext.locateNodes', {
        context,
        locator,
      })
      return nodes[0]?.sharedId
    })
  const click = async (selector: string) => {
    const element = { sharedId: await find(selector) }
    const move = { type: 'pointerMove', x: 0, y: 0, origin: { type: 'element', element } }
    const press = ['pointerDown', 'pointerUp'].map((type) => ({ type, button: 0 }))
    await act([{ type: 'pointer', id: 'mouse', actions: [move, ...press] }])
  }
  return {
    context,
    goto: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    reload: () => send('browsingContext.reload', { context, wait: 'complete' }),
    back: () => send('browsingContext.traverseHistory', { context, delta: -1 }),
    url: () => evaluate(() => location.href),
    arrive: (start) =>
      until(start, async () => {
        const [url = '', state] = await evaluate(() => [location.href, document.readyState])
        return state === 'complete' && url.startsWith(start) ? url : undefined
      }),
    evaluate,
    click,
    async fill(selector, text) {
      await click(selector)
      await type(text)
    },
    close: () => send('browsingContext.close', { context }),
  }
}

/** Signs in and consents on the provider's own pages. */
export async function passProvider(tab: Tab, name = 'ada'): Promise<void> {
  await tab.fill('[name=login]', name)
  await tab.fill('[name=password]', 'secret')
  await tab.click('[type=submit]')
  await tab.click('form:has([name=prompt][value=consent]) [type=submit]')
}

/** The same, and waits for the callback. @returns its URL */
export async function signInAtProvider(tab: Tab, callback: string, name?: string): Promise<string> {
  await passProvider(tab, name)
  return tab.arrive(callback)
}
