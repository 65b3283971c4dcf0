import { ProofkeyError } from '../../errors.js'
import { driftedPart } from '../../protocol/authorize/callback.js'

/** Whether a proxy's word about the request that it took in is to be believed. */
export type ForwardedHeaders = 'trusted' | undefined

/**
 * The URL that the person's browser asked for. Where forwarded headers are trusted, `X-Forwarded-Proto`, `-Host` and
 * `-Prefix` (the last proxy's, where there are several) stand for what the proxies changed.
 */
export function requestedUrl({ url, headers }: Request, trust: ForwardedHeaders): URL {
  const requested = new URL(url)
  if (trust !== 'trusted') return requested
  const last = (name: string) => headers.get(`x-forwarded-${name}`)?.split(',').at(-1)?.trim()
  const { protocol, host, pathname, search } = requested
  const [proto = protocol.slice(0, -1), authority = host, prefix = ''] = [last('proto'), last('host'), last('prefix')]
  const rewritten = `${proto}://${authority}${prefix.replace(/\/$/, '')}${pathname}${search}`
  return URL.canParse(rewritten) ? new URL(rewritten) : requested
}

const REPAIRS: Record<string, string> = {
  protocol:
    'TLS ends before this server. Let the proxy send X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme) and set forwardedHeaders: "trusted".',
  hostname:
    'A proxy changes the host. Let it pass on (nginx: proxy_set_header Host $http_host), or send X-Forwarded-Host and set forwardedHeaders: "trusted".',
  port: 'A proxy changes the port. Let it pass on (nginx: proxy_set_header Host $http_host), or send X-Forwarded-Host and set forwardedHeaders: "trusted".',
  pathname:
    'A proxy or router changes the path. Let it through unchanged (nginx: proxy_pass without a path), or send X-Forwarded-Prefix and set forwardedHeaders: "trusted".',
  search: 'A proxy or router drops parameters of the query. Let them through unchanged.',
}

/**
 * Compares the URL of a callback with the redirect URI.
 * @throws `redirect_uri_mismatch`, with the proxy setting that repairs it
 */
export function checkServerRedirectUri(redirectUri: string, callbackUrl: URL): void {
  const part = driftedPart(new URL(redirectUri), callbackUrl)
  if (part) {
    throw new ProofkeyError(
      'redirect_uri_mismatch',
      `Sent to ${redirectUri}, arrived at ${callbackUrl.origin}${callbackUrl.pathname}: the ${part} differs.`,
      REPAIRS[part],
    )
  }
}
