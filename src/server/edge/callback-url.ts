import { ProofkeyError, redact } from '../../errors.js'
import { differingPart } from '../../protocol/authorize/callback.js'
import { FORWARDED, type ForwardedHeaders } from './forwarded.js'

interface Fix {
  readonly cause: string
  readonly nginx: string
  /** The header that a proxy can send instead. */
  readonly header?: string
}

const HOST: Fix = {
  cause: 'A proxy changes it',
  nginx: 'proxy_set_header Host $http_host',
  header: 'X-Forwarded-Host',
}
const FIXES: Record<string, Fix> = {
  protocol: {
    cause: 'TLS ends at a proxy',
    nginx: 'proxy_set_header X-Forwarded-Proto $scheme',
    header: 'X-Forwarded-Proto',
  },
  hostname: HOST,
  port: { ...HOST, header: 'X-Forwarded-Host or X-Forwarded-Port' },
  pathname: {
    cause: 'A proxy or router changes it',
    nginx: 'proxy_pass without a path',
    header: 'X-Forwarded-Prefix',
  },
  search: { cause: 'A proxy or router drops parameters of the query', nginx: 'proxy_pass without a query' },
}

/**
 * Compares the URL of a callback with the redirect URI.
 * @throws `redirect_uri_mismatch`, with the received headers and the setting that fixes it
 */
export function checkServerRedirectUri(
  redirectUri: string,
  callbackUrl: URL,
  { headers, trust }: { readonly headers: Headers; readonly trust: ForwardedHeaders | undefined },
): void {
  const part = differingPart(new URL(redirectUri), callbackUrl)
  if (!part) return
  const { cause, nginx, header } = FIXES[part] ?? HOST
  const fix = `${cause}. Configure it to forward the original (nginx: ${nginx})`
  throw new ProofkeyError(
    'redirect_uri_mismatch',
    `The callback arrived at ${redact(callbackUrl.origin + callbackUrl.pathname)} instead of ${redirectUri}: the ${part} differs.`,
    header ? `${fix}, or to send ${header}; ${settingFor(trust)}. ${received(headers)}` : `${fix}.`,
  )
}

/** The `unknown_state` of a callback without the cookie of its sign-in: most often the app was opened at another host. */
export function cookieMissing(redirectUri: string): ProofkeyError {
  const { origin, host } = new URL(redirectUri)
  return new ProofkeyError(
    'unknown_state',
    `The callback came to ${host} without the cookie of a sign-in with this state.`,
    `Start the sign-in at ${origin} too: browsers send cookies to the host that set them only, and localhost and 127.0.0.1 are two hosts. If it recurs, check that cookies are allowed and that no proxy drops them.`,
  )
}

const settingFor = (trust: ForwardedHeaders | undefined) =>
  trust
    ? `forwardedHeaders is ${JSON.stringify(trust)}: of a list, ${trust.hops === 1 ? 'the last value' : `the first of the last ${trust.hops} values`} is used. Set hops to the number of your proxies; a proxy behind another has to append to the header or forward it, not replace it`
    : 'forwarded headers are ignored: set forwardedHeaders: { hops: n }, where n is the number of your proxies'

/** Untrusted values: cut, and without control characters. */
function received(headers: Headers): string {
  const found = ['host', ...FORWARDED, 'forwarded'].flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [`${name}: ${redact(value)}`]
  })
  return `Received: ${found.join('; ') || 'no Host and no forwarded header'}.`
}
