import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { parseHost } from './host.js'
import { trimWhitespace } from './whitespace.js'

/** Which forwarded headers of a request are trusted. */
export interface ForwardedHeaders {
  /**
   * The number of proxies in front of this server, 1 to 20. Each must append its value to the header, or forward the header
   * unchanged. Of a list, the last `hops` values are trusted, and the first of these is used: that of the proxy nearest to
   * the browser. Values before them may have been sent by the browser.
   */
  readonly hops: number
  /**
   * `x-forwarded`: `X-Forwarded-Proto`, `-Host`, `-Port` and `-Prefix`. `forwarded`: `proto` and `host` of `Forwarded`
   * (RFC 7239). Default: the former if the request has any of them, otherwise the latter. Set the one that your proxies
   * write, because a browser may send the other.
   */
  readonly header?: 'x-forwarded' | 'forwarded' | undefined
}

/** The request as the first trusted proxy received it. */
interface ForwardedRequest {
  readonly proto?: string | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
  /** The path prefixes that the proxies removed, joined. */
  readonly prefix?: string | undefined
}

/** The headers of `x-forwarded`. */
export const FORWARDED = ['proto', 'host', 'port', 'prefix'].map((name) => `x-forwarded-${name}`)

/**
 * The URL that the browser requested, according to the trusted proxies. An invalid scheme, host, port or path is ignored;
 * so is a fragment, because browsers send none to a server (RFC 9110 §7.1).
 */
export function requestedUrl({ url, headers }: Request, trust: ForwardedHeaders | undefined): URL {
  const requested = new URL(url)
  requested.hash = ''
  if (!trust) return requested
  const { protocol, host, pathname, search } = requested
  const { hops, header = FORWARDED.some((name) => headers.has(name)) ? 'x-forwarded' : 'forwarded' } = trust
  const forwarded =
    header === 'forwarded' ? readForwarded(headers.get('forwarded'), hops) : readXForwarded(headers, hops)
  const proto = forwarded.proto?.toLowerCase() ?? ''
  const scheme = proto === 'http' || proto === 'https' ? proto : protocol === 'https:' ? 'https' : 'http'
  const authority = (forwarded.host !== undefined && parseHost(forwarded.host, scheme)) || host
  const port = /^\d{1,5}$/.test(forwarded.port ?? '') && !/:\d+$/.test(authority) ? `:${forwarded.port}` : ''
  const prefix =
    /^\/[!-~]*$/.test(forwarded.prefix ?? '') && !/[?#\\]/.test(forwarded.prefix ?? '') ? forwarded.prefix : ''
  return parseUrl(`${scheme}://${authority}${port}${prefix}${pathname}${search}`) ?? requested
}

function readXForwarded(headers: Headers, hops: number): ForwardedRequest {
  const [proto = [], host = [], port = [], prefix = []] = FORWARDED.map((name) =>
    (headers.get(name)?.split(',') ?? []).map(trimWhitespace).slice(-hops),
  )
  // Each proxy removes a part of the path that the proxy before it has forwarded.
  return {
    proto: proto[0],
    host: host[0],
    port: port[0],
    prefix: prefix.map((part) => part.replace(/\/$/, '')).join(''),
  }
}

const readForwarded = (value: string | null, hops: number): ForwardedRequest =>
  parseForwarded(value ?? '')?.slice(-hops)[0] ?? {}

/** One `token=value` of RFC 7239 §4, where the value is a token or a quoted string, and its separator. */
const PAIR = /[ \t]*([!#$%&'*+\-.^_`|~\dA-Za-z]+)=(?:([!#$%&'*+\-.^_`|~\dA-Za-z]+)|"((?:[^"\\]|\\.)*)")[ \t]*(;|,|$)/y

/**
 * The elements of a `Forwarded` header, one for each proxy (RFC 7239 §4).
 * @returns undefined if any part is malformed, so that a part of a quoted string is not read as an element
 */
export function parseForwarded(value: string): Record<string, string>[] | undefined {
  const elements: Record<string, string>[] = [{}]
  let end = ''
  for (let at = 0; at < value.length || end; at = PAIR.lastIndex) {
    PAIR.lastIndex = at
    const [, name, token, quoted, separator] = PAIR.exec(value) ?? []
    const element = elements.at(-1)
    if (!name || !element || name.toLowerCase() in element) return undefined
    element[name.toLowerCase()] = token ?? quoted?.replace(/\\(.)/g, '$1') ?? ''
    end = separator ?? ''
    if (end === ',') elements.push({})
  }
  return elements
}
