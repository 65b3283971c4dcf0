import { responseRefused } from '../../protocol/request.js'

/** Of one connection only (RFC 9110 §7.6.1), in requests and responses; also those that `Connection` names. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings']

/** Headers of the request that the API does not get. */
const NOT_SENT = new Set([
  ...HOP_BY_HOP,
  // Credentials of the app, and what replaces them.
  ...['cookie', 'cookie2', 'authorization', 'dpop'],
  // Of the connection to the API, which `fetch` sets.
  ...['host', 'content-length', 'expect', 'accept-encoding'],
  // What a browser says about its page: the API would take the page for its own client, or apply CORS to this server.
  ...['origin', 'referer', 'access-control-request-method', 'access-control-request-headers'],
  // What only a proxy may say: who the client is, and which path it asked for.
  ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip', 'cf-connecting-ip'],
  ...['x-original-url', 'x-original-uri', 'x-original-host', 'x-rewrite-url', 'x-http-method-override', 'x-host'],
  ...['x-http-method', 'x-method-override', 'client-cert', 'client-cert-chain'],
])
const NOT_SENT_PREFIX = /^(?:proxy-|x-forwarded|x-proxy|x-middleware-|sec-|:)/

/** Headers of the response that the browser does not get. */
const NOT_PASSED = new Set([
  ...HOP_BY_HOP,
  // Would set the app's own cookies.
  ...['set-cookie', 'set-cookie2'],
  'dpop-nonce',
  // Would apply to the whole origin of the app.
  ...['alt-svc', 'clear-site-data', 'strict-transport-security', 'nel', 'report-to', 'service-worker-allowed'],
  // Commands to a proxy or CDN, which that of the app would obey: to store the response for everybody, or to send a file.
  ...['surrogate-control', 'surrogate-key', 'edge-control', 'x-sendfile', 'x-lighttpd-send-file', 'x-reproxy-url'],
])
/** With CORS headers of the API, other sites could read the app's responses. */
const NOT_PASSED_PREFIX = /^(?:proxy-|access-control-|x-middleware-|x-accel-(?!buffering$))/
/** Replaces `Cache-Control` at the cache that it names (RFC 9213 §2.1). */
const TARGETED_CACHE_CONTROL = /-cache-control$/

/** The codings that every `fetch` decodes. */
const CODINGS = 'gzip, deflate, br'
const DECODED = /^\s*(?:x-gzip|gzip|deflate|br)(?:\s*,\s*(?:x-gzip|gzip|deflate|br))*\s*$/i

/** What the headers for the API depend on. */
interface ToApi {
  /** The name of the header that other sites cannot send. */
  readonly guard: string
  /** `fetch` decodes the response; otherwise the browser does. */
  readonly isDecoded: boolean
  /** Headers of the app, in place of those of the request. */
  readonly own?: Readonly<Record<string, string>> | undefined
}

/** The headers for the API, without those of the app, of one connection, and those that only a proxy may send. */
export function headersToApi(headers: Headers, { guard, isDecoded, own = {} }: ToApi) {
  const named = namedIn(headers.get('connection'))
  const sent: Record<string, string> = {}
  for (const [name, value] of headers) {
    // CGI, and what is built like it, takes both for the same header.
    const read = name.replaceAll('_', '-')
    if (!NOT_SENT.has(read) && !NOT_SENT_PREFIX.test(read) && !named.has(name) && read !== guard) sent[name] = value
  }
  // A range is one of the encoded bytes: for it, `fetch` asks for `identity` itself.
  if (!isDecoded) sent['accept-encoding'] = headers.get('accept-encoding') ?? 'identity'
  else if (!headers.has('range')) sent['accept-encoding'] = CODINGS
  for (const [name, value] of Object.entries(own)) sent[name.toLowerCase()] = value
  return sent
}

/** What the headers for the browser depend on. */
interface ToBrowser {
  /** The name of the header that other sites cannot send. */
  readonly guard: string
  /** The URL at the API. */
  readonly url: URL
  /** The path of the app for a `Location` below the target. */
  readonly pathFor: (location: string) => string | undefined
  readonly hasBody: boolean
  readonly isDecoded: boolean
}

/**
 * The headers of the API's response for the browser.
 * @throws `response_refused`, if it redirects to elsewhere, or has a coding that `fetch` may or may not have decoded
 */
export function headersToBrowser(
  response: Pick<Response, 'status' | 'headers'>,
  { guard, url, pathFor, hasBody, isDecoded }: ToBrowser,
): Headers {
  const { status, headers } = response
  const named = namedIn(headers.get('connection'))
  const passed = new Headers()
  for (const [name, value] of headers) {
    const isKept = !NOT_PASSED.has(name) && !NOT_PASSED_PREFIX.test(name) && !TARGETED_CACHE_CONTROL.test(name)
    if (isKept && !named.has(name)) passed.append(name, value)
  }
  if (isDecoded) decode(passed, url, status, hasBody)
  for (const name of ['location', 'content-location']) {
    const location = passed.get(name)
    const path = location === null ? undefined : pathFor(location)
    if (path !== undefined) passed.set(name, path)
    // Neither this server nor the browser follows it: it would leave the target.
    else if (location !== null && name === 'location' && status >= 300 && status < 400)
      throw responseRefused(url.origin, 'redirects to a URL that is not below the target', 'Call the final URL.')
  }
  keepPrivate(passed, guard)
  return passed
}

/** `fetch` has decoded the body, but not the headers that describe its encoded form. */
function decode(headers: Headers, url: URL, status: number, hasBody: boolean): void {
  const coding = headers.get('content-encoding')
  if (coding === null) return
  if (hasBody && (!DECODED.test(coding) || status === 206))
    throw responseRefused(url.origin, 'has a content coding that was not asked for', 'Obey Accept-Encoding at the API.')
  for (const name of ['content-encoding', 'content-length']) headers.delete(name)
}

/**
 * The request to the API had credentials, so shared caches did not store the response (RFC 9111 §3.5). They do not see that
 * in the browser's request, whose credential is a cookie. And after a sign-out the browser's own cache must not serve it to
 * the next user, nor to a navigation, which is not allowed to request it: the API's page would run in the app's origin.
 */
function keepPrivate(headers: Headers, guard: string): void {
  const said = (headers.get('cache-control') ?? '').split(',').map((one) => one.replace(/^[ \t]+|[ \t]+$/g, ''))
  const kept = said.filter((one) => one && !/^(?:public|private|s-maxage|proxy-revalidate)\b/i.test(one))
  headers.set('cache-control', ['private', ...kept].join(', '))
  headers.delete('expires')
  if (headers.get('vary') !== '*') headers.append('vary', `Cookie, ${guard}`)
}

const namedIn = (connection: string | null): Set<string> =>
  new Set(connection?.split(',').map((name) => name.replace(/[ \t]/g, '').toLowerCase()))
