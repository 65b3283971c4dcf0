import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { ProofkeyError } from '../../errors.js'
import type { FetchLike } from '../../protocol/request.js'
import type { Arrival, AuditBrowser, Visit } from './browser.js'
import { HEADERS, isOwnHost, type LocalRequest, type LocalServer, listenLocally } from './local-server.js'
import { type PageState, sendProgressPage } from './progress-page.js'
import { createRefusalProbe } from './refusal-probe.js'
import { createSecondWindow } from './second-window.js'
import { sendFragmentReader, sendOnward } from './small-pages.js'

export interface PersonBrowserOptions {
  /** The registered redirect URI. */
  readonly redirectUri: string
  /** The port of the progress page. 0: any free one. */
  readonly port: number
  /** `loopback`: answers come to this machine. `paste`: the person pastes the address that the browser ended at. */
  readonly receives: 'loopback' | 'paste'
  readonly observes: (redirectUri: URL) => boolean
  readonly fetch?: FetchLike | undefined
}

/** The browser of a person at this machine: a page that shows the progress, and a second window that visits the server. */
export interface PersonBrowser extends AuditBrowser {
  /** What the person opens. Its path is a secret of this audit. */
  readonly pageUrl: string
}

/** How an answer is recognised (RFC 6749 §4.1.2, OAuth 2.0 Multiple Response Types, JARM). */
const ANSWER = ['code', 'error', 'state', 'iss', 'response', 'access_token', 'id_token']
const isAnswer = (parameters: URLSearchParams) => ANSWER.some((name) => parameters.has(name))

/** @throws `config_invalid` if the port is taken */
export async function createPersonBrowser(options: PersonBrowserOptions): Promise<PersonBrowser> {
  const { redirectUri, receives } = options
  const secret = randomBytes(32).toString('base64url')
  const streams = new Set<ServerResponse>()
  let state: PageState = { receives, window: 'closed', move: 0 }

  const change = (changes: Partial<PageState>): void => {
    if (Object.entries(changes).every(([name, value]) => state[name as keyof PageState] === value)) return
    state = { ...state, ...changes }
    for (const stream of streams) stream.write(eventOf(changes))
  }
  const probe = createRefusalProbe(options.fetch)
  const secondWindow = createSecondWindow({ change, moves: () => state.move, probe, pasted: receives === 'paste' })
  const server = await listenLocally(options.port, handle)
  const base = `http://127.0.0.1:${server.port}/${secret}/`
  const onward = `${base}next`

  async function handle(request: LocalRequest, response: ServerResponse): Promise<void> {
    const [, first = '', ...rest] = request.url.pathname.split('/')
    return isSame(first, secret) ? own(request, response, rest.join('/')) : receive(request, response)
  }

  /** What the progress page and the second window ask for. */
  async function own(request: LocalRequest, response: ServerResponse, name: string): Promise<void> {
    const { method, headers, url } = request
    if (method === 'POST') {
      // Only this server's pages may post: the address of a page can leak, its origin cannot be forged by another page.
      if (headers.origin !== url.origin) return refuse(response, 403)
      const text = await request.body()
      if (name === 'page-shown') secondWindow.pageShown()
      else if (name === 'lost') secondWindow.lost()
      else if (name === 'arrived') arrive(text)
      else if (name === 'pasted' && receives === 'paste') return paste(text, response)
      else return refuse(response, 404)
      response.writeHead(204, HEADERS).end()
      return
    }
    if (method !== 'GET') return refuse(response, 405)
    if (name === '') return sendProgressPage(response)
    if (name === 'next') return secondWindow.next(response, onward)
    if (name !== 'events') return refuse(response, 404)
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' })
    response.write(eventOf(state))
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }

  /** Everything else can be an answer of the server: at any path, because it may send one where it should not. */
  async function receive({ method, url, headers, body }: LocalRequest, response: ServerResponse): Promise<void> {
    // Icons, scripts, frames and prefetched pages are no answers that a person's window ended at.
    const destination = headers['sec-fetch-dest']
    if ((destination && destination !== 'document') || headers['sec-purpose']) return refuse(response, 404)
    const expected = secondWindow.expects()
    if (!expected || receives === 'paste') return refuse(response, 404)
    if (method === 'POST') {
      if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) return refuse(response, 415)
      const form = new URLSearchParams(await body())
      if (!isAnswer(form)) return refuse(response, 400)
      secondWindow.arrive({ at: 'callback', url, parameters: form })
      return sendOnward(response, onward)
    }
    if (method !== 'GET') return refuse(response, 405)
    if (isAnswer(url.searchParams)) {
      secondWindow.arrive({ at: 'callback', url, parameters: url.searchParams })
      return sendOnward(response, onward)
    }
    if (url.pathname === '/favicon.ico') return refuse(response, 404)
    return sendFragmentReader(response, `/${secret}/arrived`, onward)
  }

  /** @param address where the browser is, with its fragment */
  function arrive(address: string): boolean {
    const expected = secondWindow.expects()
    if (!expected || !URL.canParse(address)) return false
    const url = new URL(address)
    const fragment = new URLSearchParams(url.hash.slice(1))
    const parameters = isAnswer(fragment) ? fragment : url.searchParams
    const wanted = new URL(expected.redirectUri)
    if (!isAnswer(parameters) && url.pathname !== wanted.pathname) return false
    if (!options.observes(url)) return false
    secondWindow.arrive({ at: 'callback', url, parameters })
    return true
  }

  function paste(text: string, response: ServerResponse): void {
    const accepted = arrive(text.trim())
    response
      .writeHead(accepted ? 200 : 422, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' })
      .end(accepted ? '' : `That is no answer of the server: its address begins with ${new URL(redirectUri).origin}`)
  }

  async function visit(url: URL, visit: Visit): Promise<Arrival> {
    visit.signal.throwIfAborted()
    let extra: LocalServer | undefined
    try {
      extra = await listenFor(visit.redirectUri)
    } catch (error) {
      if (!(error instanceof ProofkeyError)) throw error
      return { at: 'unknown', why: `the browser cannot receive an answer at ${visit.redirectUri}` }
    }
    try {
      const arrival = await secondWindow.visit(url, visit)
      if (arrival.at === 'callback' && arrival.parameters.has('code') && !visit.expectsRefusal) probe.learn(url)
      return arrival
    } finally {
      await extra?.close()
    }
  }

  /** A redirect URI on another port of this machine gets a listener for as long as its answer is awaited. */
  async function listenFor(uri: string): Promise<LocalServer | undefined> {
    const { protocol, hostname, port } = new URL(uri)
    const wanted = Number(port || 80)
    if (receives === 'paste' || protocol !== 'http:' || !isOwnHost(hostname) || wanted === server.port) return undefined
    return listenLocally(wanted, handle)
  }

  return {
    redirectUri,
    pageUrl: base,
    observes: (uri) => URL.canParse(uri) && options.observes(new URL(uri)),
    visit,
    show: (progress) => change({ progress }),
    async close() {
      if (state.window === 'ended') return
      change({ window: 'ended' })
      await secondWindow.end()
      await Promise.all([...streams].map((stream) => new Promise<void>((resolve) => stream.end(resolve))))
      await server.close()
    },
  }
}

const eventOf = (state: Partial<PageState>): string => `data: ${JSON.stringify(state)}\n\n`

/** In a time that does not tell how much of it was right. */
const isSame = (given: string, secret: string): boolean => timingSafeEqual(digest(given), digest(secret))
const digest = (text: string) => createHash('sha256').update(text).digest()

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, HEADERS).end()
}
