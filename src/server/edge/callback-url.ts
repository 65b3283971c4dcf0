import { ProofkeyError, redact } from '../../errors.js'
import { differingPart } from '../../protocol/authorize/callback.js'
import { FORWARDED, type ForwardedHeaders } from './forwarded.js'

interface Repair {
  readonly cause: string
  readonly nginx: string
  /** What a proxy can send instead. */
  readonly header?: string
}

const HOST: Repair = {
  cause: 'A proxy changes it',
  nginx: 'proxy_set_header Host $http_host',
  header: 'X-Forwarded-Host',
}
const REPAIRS: Record<string, Repair> = {
  protocol: {
    cause: 'TLS ends before this server',
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
 * @throws `redirect_uri_mismatch`, with what was received and the setting that repairs it
 */
export function checkServerRedirectUri(
  redirectUri: string,
  callbackUrl: URL,
  { headers, trust }: { readonly headers: Headers; readonly trust: ForwardedHeaders | undefined },
): void {
  const part = differingPart(new URL(redirectUri), callbackUrl)
  if (!part) return
  const { cause, nginx, header } = REPAIRS[part] ?? HOST
  const through = `${cause}. Let the proxy pass it on (nginx: ${nginx})`
  throw new ProofkeyError(
    'redirect_uri_mismatch',
    `Sent to ${redirectUri}, arrived at ${callbackUrl.origin}${callbackUrl.pathname}: the ${part} differs.`,
    header ? `${through}, or send ${header}; ${settingFor(trust)}. ${received(headers)}` : `${through}.`,
  )
}

const settingFor = (trust: ForwardedHeaders | undefined) =>
  trust
    ? `forwardedHeaders is ${JSON.stringify(trust)}: of a list, the ${trust.hops === 1 ? 'last value' : `last ${trust.hops} values are believed, and the first of these`} counts, so hops has to be the number of your proxies, and a proxy behind another has to pass on or add to what that one sent, not replace it`
    : 'forwarded headers are not believed: set forwardedHeaders: { hops: n }, n being the number of your proxies'

/** A stranger may have written it: cut, and without control characters. */
function received(headers: Headers): string {
  const found = ['host', ...FORWARDED, 'forwarded'].flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [`${name}: ${redact(value)}`]
  })
  return `Received: ${found.join('; ') || 'no Host and no forwarded header'}.`
}
