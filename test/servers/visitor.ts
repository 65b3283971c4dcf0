import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

/** A browser as far as a server can tell: it keeps cookies, and says of each request what it is for. */
export interface Visitor {
  /** Sends one request with this visitor's cookies, and follows no redirect. */
  visit(url: URL | string, init?: VisitInit): Promise<Response>
  /**
   * Visits, and follows redirects until a page is shown or a redirect leads to `redirectUri`.
   * @returns the page and its URL, or the callback URL
   */
  follow(url: URL | string, redirectUri: string, init?: VisitInit): Promise<Stop>
  cookie(name: string): string | undefined
}

export interface VisitInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | URLSearchParams
}

export interface Stop {
  readonly url: string
  /** Undefined at the callback. */
  readonly page?: string
}

const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'same-origin',
  'user-agent': 'Mozilla/5.0',
}

export function createVisitor(): Visitor {
  const cookies = new Map<string, string>()

  async function visit(url: URL | string, { method = 'GET', headers = {}, body }: VisitInit = {}): Promise<Response> {
    // Not `fetch`, which does not let its caller say that a request is a navigation.
    const sent = httpRequest(new URL(url), {
      method,
      agent: false,
      headers: {
        ...NAVIGATION,
        ...(body instanceof URLSearchParams && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(cookies.size && { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
        ...headers,
      },
    })
    sent.end(body && `${body}`)
    const [incoming]: IncomingMessage[] = await once(sent, 'response')
    if (!incoming) throw new Error(`No response from ${url}`)
    for (const line of incoming.headers['set-cookie'] ?? []) {
      const pair = line.split(';')[0] ?? ''
      const [name, value] = [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1)]
      if (value && !/max-age=0(;|$)/i.test(line)) cookies.set(name, value)
      else cookies.delete(name)
    }
    const { location = '', 'content-type': type = '' } = incoming.headers
    return new Response((await text(incoming)) || null, {
      status: incoming.statusCode ?? 0,
      headers: { ...(location && { location: new URL(location, url).href }), 'content-type': type },
    })
  }

  return {
    visit,
    cookie: (name) => cookies.get(name),
    async follow(url, redirectUri, init) {
      let at = `${url}`
      let response = await visit(at, init)
      for (let step = 0; step < 20; step++) {
        const location = response.headers.get('location')
        if (!location) {
          const page = await response.text()
          if (response.status >= 400) throw new Error(`${at} answered ${response.status}: ${page.slice(0, 500)}`)
          return { url: at, page }
        }
        at = location
        if (at.startsWith(redirectUri)) return { url: at }
        response = await visit(at)
      }
      throw new Error(`Too many redirects, the last to ${at}`)
    },
  }
}

/** The first form of a page: where it is posted to, with its fields as they are. */
export function formOf({ url, page = '' }: Stop): { readonly action: string; readonly fields: URLSearchParams } {
  const [, attributes, content = ''] = /<form([^>]*)>([\s\S]*?)<\/form>/.exec(page) ?? []
  if (attributes === undefined) throw new Error(`No form on ${url}: ${page.slice(0, 500)}`)
  const fields = new URLSearchParams()
  for (const [input] of content.matchAll(/<(?:input|button)[^>]*>/g)) {
    const name = attribute(input, 'name')
    if (name) fields.append(name, attribute(input, 'value') ?? '')
  }
  return { action: new URL(attribute(attributes, 'action') || url, url).href, fields }
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'" }

const attribute = (tag: string, name: string) =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replace(/&(\w+|#\w+);/g, (all, key) => ENTITIES[key] ?? all)
