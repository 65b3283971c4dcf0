import { ProofkeyError, redact } from '../../errors.js'
import { type Fields, fieldsOf } from './fields.js'

/** A HAR file: its name, which findings mention, and its text. */
export interface HarFile {
  readonly name: string
  readonly text: string
}

export type Header = readonly [name: string, value: string]

/** A request of the recording and its response. Header names are in lower case. */
export interface HarEntry {
  /** The recording that it is of. */
  readonly recording: string
  /** Its position in the recording. */
  readonly index: number
  readonly method: string
  readonly url: URL
  readonly headers: readonly Header[]
  readonly body: string
  /** The members of the request's body: of a form, or all strings of a JSON body. */
  readonly fields: Fields
  /** Whether the request's body is JSON. */
  readonly sendsJson: boolean
  readonly status: number
  readonly responseHeaders: readonly Header[]
  readonly responseBody: string
  /** All strings of a JSON response. */
  readonly responseFields: Fields
  /** Where the response redirects to. */
  readonly location: URL | undefined
}

export interface Recording {
  readonly name: string
  readonly entries: readonly HarEntry[]
  /** The recorder left credentials out, as Chromium's developer tools do unless they are told otherwise. */
  readonly headersCut: boolean
  /** The recorder left the bodies of all responses out. */
  readonly bodiesCut: boolean
}

const MAX_TEXT_LENGTH = 200_000_000
const MAX_ENTRIES = 20_000
/** A longer body is not read: no sign-in has one. */
const MAX_BODY_LENGTH = 4_000_000

const HINT = 'Record the sign-in with the developer tools of a browser and save it as HAR with content.'

/**
 * Reads a HAR 1.2 file as recorders write it, which is not always as the format says: what is missing counts as empty.
 * @throws `config_invalid` if it is not a HAR file or too large; the message names the file
 */
export function readHar({ name, text }: HarFile): Recording {
  const shown = redact(`${name}`)
  const refuse = (problem: string) =>
    new ProofkeyError('config_invalid', `The recording "${shown}" cannot be read: ${problem}.`, HINT)
  if (typeof text !== 'string') throw refuse('it has no text')
  if (text.length > MAX_TEXT_LENGTH) throw refuse(`it is longer than ${MAX_TEXT_LENGTH / 1_000_000} million characters`)
  const log = objectAt(parsed(text, refuse), 'log')
  if (!log) throw refuse('it is JSON but no HAR, the member "log" is missing')
  const { entries } = log
  if (!Array.isArray(entries)) throw refuse('it is no HAR, the member "log.entries" is not a list')
  if (entries.length > MAX_ENTRIES) throw refuse(`it has more than ${MAX_ENTRIES} entries`)
  const read = inOrder(entries).flatMap((entry, index) => readEntry(entry, index, shown) ?? [])
  if (entries.length && !read.length) throw refuse('none of its entries has a request with an http(s) URL')
  const credentials = /^(cookie|set-cookie|authorization)$/
  const hasCredentials = ({ headers, responseHeaders }: HarEntry) =>
    [...headers, ...responseHeaders].some(([header]) => credentials.test(header))
  return {
    name: shown,
    entries: read,
    headersCut: /WebInspector/i.test(string(objectAt(log, 'creator')?.['name'])) && !read.some(hasCredentials),
    bodiesCut: !read.some(({ responseBody }) => responseBody),
  }
}

function parsed(text: string, refuse: (problem: string) => Error): unknown {
  try {
    // Some recorders begin with a byte order mark.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw refuse('it is not JSON')
  }
}

/** By their start, as the format demands of readers; where that is unknown, as recorded. */
function inOrder(entries: readonly unknown[]): unknown[] {
  let last = 0
  const dated = entries.map((entry) => {
    last = Date.parse(string(isObject(entry) ? entry['startedDateTime'] : '')) || last
    return { entry, startedAt: last }
  })
  return dated.sort((a, b) => a.startedAt - b.startedAt).map(({ entry }) => entry)
}

function readEntry(entry: unknown, index: number, recording: string): HarEntry | undefined {
  const request = objectAt(entry, 'request')
  const url = urlOf(string(request?.['url']))
  if (!request || !url) return undefined
  const response = objectAt(entry, 'response')
  const post = objectAt(request, 'postData')
  const headers = headersOf(request)
  const responseHeaders = headersOf(response)
  const content = objectAt(response, 'content')
  const params = listAt(post, 'params').map((param): Header => [string(param['name']), string(param['value'])])
  const body = bodyOf(post) || `${new URLSearchParams(params.map(([name, value]) => [name, value]))}`
  const type = string(post?.['mimeType']) || headerOf(headers, 'content-type')
  const responseBody = bodyOf(content)
  const responseType = string(content?.['mimeType']) || headerOf(responseHeaders, 'content-type')
  const status = Number(response?.['status']) || 0
  const target = headerOf(responseHeaders, 'location') || string(response?.['redirectURL'])
  return {
    recording,
    index,
    method: (string(request['method']) || 'GET').toUpperCase(),
    url,
    headers,
    body,
    fields: params.length ? params : fieldsOf(body, type),
    sendsJson: !params.length && (/json/i.test(type) || body.startsWith('{')),
    status,
    responseHeaders,
    responseBody,
    responseFields: /^\s*[{[]/.test(responseBody) ? fieldsOf(responseBody, responseType || 'application/json') : [],
    location: target && status >= 300 && status < 400 ? urlOf(target, url) : undefined,
  }
}

/** The first header of this name, or an empty text. */
export const headerOf = (headers: readonly Header[], wanted: string): string =>
  headers.find(([name]) => name === wanted)?.[1] ?? ''

const headersOf = (message: unknown): Header[] =>
  listAt(message, 'headers').map((header) => [string(header['name']).toLowerCase(), string(header['value'])])

/** The text of a body, which can be in base64. */
function bodyOf(content: Record<string, unknown> | undefined): string {
  const text = string(content?.['text'])
  if (text.length > MAX_BODY_LENGTH) return ''
  return content?.['encoding'] === 'base64' ? Buffer.from(text, 'base64').toString() : text
}

/** Also of WebSockets. Not of `data:`, `blob:` and extensions. */
function urlOf(text: string, base?: URL): URL | undefined {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  // A redirect to a native app has a scheme of its own.
  return url && (base || /^(https?|wss?):$/.test(url.protocol)) ? url : undefined
}

const string = (value: unknown): string => (typeof value === 'string' ? value : '')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function objectAt(value: unknown, member: string): Record<string, unknown> | undefined {
  const found = isObject(value) ? value[member] : undefined
  return isObject(found) ? found : undefined
}

function listAt(value: unknown, member: string): Record<string, unknown>[] {
  const found = isObject(value) ? value[member] : undefined
  return Array.isArray(found) ? found.filter(isObject) : []
}
