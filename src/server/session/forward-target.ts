import { configInvalid } from '../../protocol/authorize/begin.js'
import { parseUrl } from '../../protocol/discovery/endpoint.js'
import { pathBelow } from '../../protocol/resource/path-below.js'
import type { Apis } from '../../session/apis.js'
import { type ForwardedHeaders, requestedUrl } from '../edge/forwarded.js'

/** Where to forward a request to. */
export interface ForwardTarget {
  /** The API: one of the origins in `apis`, and the path that the requests stay below: `https://api.example.com/v1`. */
  readonly to: string
  /**
   * The path at the app, as the app's router sees it: one path, or all below one. With `/api/*` and the `to` above,
   * `/api/orders/7?a=b` is forwarded to `https://api.example.com/v1/orders/7?a=b`.
   */
  readonly path: string
  /** Headers for the API, in place of those of the request: for example `x-forwarded-for`, if you know the client's address. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A target, checked. */
export interface ForwardRoute {
  /** Its origin, as in `apis`. */
  readonly api: string
  /** @returns the URL at the API; undefined if the path does not match, or could be read as another one */
  urlFor(requested: URL): URL | undefined
  /**
   * @param prefix what the proxies have removed from the path
   * @returns the path that the browser knows for a URL at the API; undefined if it is not below the target
   */
  pathFor(location: string, base: URL, prefix?: string): string | undefined
}

/** @throws `config_invalid` */
export function forwardRoute({ to, path }: ForwardTarget, apis: Apis): ForwardRoute {
  const target = parseUrl(to)
  const { origin = '', pathname = '' } = target ?? {}
  const problems: string[] = []
  if (
    !target ||
    !Object.hasOwn(apis, origin) ||
    ![origin, origin + pathname].includes(to) ||
    !/^(?:\/[\w.~-]+)*\/?$/.test(pathname)
  )
    problems.push(
      'to (string): must be an origin of apis, with or without a path, for example https://api.example.com/v1',
    )
  if (!/^\/(?:[\w.~-]+\/)*(?:\*|[\w.~-]+)?$/.test(path) || parseUrl(path, 'https://app.invalid')?.pathname !== path)
    problems.push('path (string): must be a path, or end with /*, for example /api/*')
  if (problems[0]) throw configInvalid(problems)
  const isExact = !path.endsWith('*')
  const [here, there] = isExact ? [path, pathname] : [path.slice(0, -1), `${pathname.replace(/\/$/, '')}/`]
  const restOf = (whole: string, start: string) => {
    const rest = pathBelow(whole, start)
    return rest && isExact ? undefined : rest
  }

  return {
    api: origin,
    urlFor(requested) {
      const rest = restOf(requested.pathname, here)
      if (rest === undefined) return undefined
      const url = parseUrl(origin + there + rest + requested.search)
      return url?.origin === origin && url.pathname === there + rest ? url : undefined
    },
    pathFor(location, base, prefix = '') {
      const url = parseUrl(location, base.href)
      if (url?.origin !== origin || url.username || url.password) return undefined
      const rest = restOf(url.pathname, there)
      return rest === undefined ? undefined : prefix + here + rest + url.search + url.hash
    },
  }
}

/**
 * What the trusted proxies have removed from the path of a request (`X-Forwarded-Prefix`): plain segments, or nothing. A
 * browser may have sent it; it gets it back in `Location`, where `//` would lead to another host.
 */
export function removedPrefix(request: Request, trust: ForwardedHeaders | undefined): string {
  const { pathname } = new URL(request.url)
  const asked = requestedUrl(request, trust).pathname
  const prefix = asked.endsWith(pathname) ? asked.slice(0, asked.length - pathname.length) : ''
  return /^(?:\/[\w.~-]+)*$/.test(prefix) ? prefix : ''
}
