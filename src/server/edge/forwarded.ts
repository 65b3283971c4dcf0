import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { parseHost } from './bad-request.js'
import { trimWhitespace } from './whitespace.js'

/** Which of a request's forwarded headers are believed. */
export interface ForwardedHeaders {
  /**
   * The number of proxies in front of this server, 1 to 20, each of which adds its value to the header or passes on the
   * one before. Of a list, the values of the last `hops` proxies are believed, and of these the first counts: what the
   * proxy nearest to the browser saw. What is before them, the browser may have sent.
   */
  readonly hops: number
  /**
   * `x-forwarded`: `X-Forwarded-Proto`, `-Host`, `-Port` and `-Prefix`. `forwarded`: `proto` and `host` of `Forwarded`
   * (RFC 7239). Default: the former where the request has any of them, else the latter; name the one that your proxies
   * write, for a browser may send the other.
   */
  readonly header?: 'x-forwarded' | 'forwarded' | undefined
}

/** What the proxies say of the request that the first of them took in. */
interface ForwardedRequest {
  readonly proto?: string | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
  /** What they cut off the path, all together. */
  readonly prefix?: string | undefined
}

/** The headers that are read, as a request has them. */
export const FORWARDED = ['proto', 'host', 'port', 'prefix'].map((name) => `x-forwarded-${name}`)

/**
 * The URL that the person's browser asked for, as far as the trusted proxies tell. A value that is no scheme, host,
 * port or path is left aside.
 */
export function requestedUrl({ url, headers }: Request, trust: ForwardedHeaders | undefined): URL {
  const requested = new URL(url)
  if (!trust) return requested
  const { protocol, host, pathname, search } = requested
  const { hops, header = FORWARDED.some((name) => headers.has(name)) ? 'x-forwarded' : 'forwarded' } = trust
  const said = header === 'forwarded' ? readForwarded(headers.get('forwarded'), hops) : readXForwarded(headers, hops)
  const named = said.proto?.toLowerCase() ?? ''
  const scheme = named === 'http' || named === 'https' ? named : protocol === 'https:' ? 'https' : 'http'
  const authority = (said.host !== undefined && parseHost(said.host, scheme)) || host
  const port = /^\d{1,5}$/.test(said.port ?? '') && !/:\d+$/.test(authority) ? `:${said.port}` : ''
  const prefix = /^\/[!-~]*$/.test(said.prefix ?? '') && !/[?#\\]/.test(said.prefix ?? '') ? said.prefix : ''
  return parseUrl(`${scheme}://${authority}${port}${prefix}${pathname}${search}`) ?? requested
}

function readXForwarded(headers: Headers, hops: number): ForwardedRequest {
  const [proto = [], host = [], port = [], prefix = []] = FORWARDED.map((name) =>
    (headers.get(name)?.split(',') ?? []).map(trimWhitespace).slice(-hops),
  )
  // Each proxy cuts off a part of what the one before has left.
  return {
    proto: proto[0],
    host: host[0],
    port: port[0],
    prefix: prefix.map((part) => part.replace(/\/$/, '')).join(''),
  }
}

const readForwarded = (value: string | null, hops: number): ForwardedRequest =>
  parseForwarded(value ?? '')?.slice(-hops)[0] ?? {}

/** One `token=value` of RFC 7239 §4, its value a token or a quoted string, and what ends it. */
const PAIR = /[ \t]*([!#$%&'*+\-.^_`|~\dA-Za-z]+)=(?:([!#$%&'*+\-.^_`|~\dA-Za-z]+)|"((?:[^"\\]|\\.)*)")[ \t]*(;|,|$)/y

/**
 * The elements of a `Forwarded` header, one for each proxy (RFC 7239 §4).
 * @returns undefined where it is malformed anywhere, so that no half of a quoted string counts as a proxy's word
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
    if (!end) break
  }
  return elements
}
