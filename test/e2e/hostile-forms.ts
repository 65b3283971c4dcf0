import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A request as it stands here: Node's `fetch` would say by itself that it is one. */
export const ask = (url: string, headers: Record<string, string> = {}, method = 'GET', body = '') =>
  new Promise<Answer>((resolve, reject) => {
    const asking = request(url, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    asking.on('error', reject).end(body)
  })

export const FORM = 'application/x-www-form-urlencoded'

/** The headers of a form that no page of the app has sent. */
export const FOREIGN: readonly Record<string, string>[] = [
  { origin: 'https://other.example' },
  { origin: 'null' },
  { origin: 'http://localhost:1', 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' },
  { origin: 'null', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
]

/** A page that sends a form to where its own fragment says, as soon as somebody looks at it. */
const TRAP = `<!doctype html><form method="post"><input name='{"code":"x","x":"' value='"}'></form>
<script>const [type, action] = decodeURIComponent(location.hash.slice(1)).split(' ')
Object.assign(document.forms[0], { action, enctype: type }).submit()</script>`

/** The trap at another port, which is the same site and gets its cookies; and at another site. */
export const TRAP_HOSTS = ['localhost', '127.0.0.1']

/** A server of the attacker, for the tests of a file or of a `describe`. @returns what leads a page into it */
export function useTrap() {
  let trap: Server
  beforeAll(async () => {
    trap = createServer((_, response) => response.setHeader('content-type', 'text/html').end(TRAP))
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => trap?.close())
  return async (page: Page, host: string, action: string, type = FORM) => {
    const answer = page.waitForResponse(
      (response) => response.request().method() === 'POST' && response.url() === action,
    )
    await page.goto(
      `http://${host}:${(trap.address() as AddressInfo).port}/#${encodeURIComponent(`${type} ${action}`)}`,
    )
    return answer
  }
}
