import { configInvalid } from '../../protocol/authorize/begin.js'
import type { FetchLike } from '../../protocol/request.js'
import { isOwnHost } from './local-server.js'
import { createPersonBrowser, type PersonBrowser } from './person-browser.js'

/** Register it for the clients of an audit, or pass another one. */
export const DEFAULT_REDIRECT_URI = 'http://127.0.0.1:8765/callback'

/** Options of {@link loopbackBrowser}. */
export interface LoopbackBrowserOptions {
  /** `http:` with a port of this machine. Default `http://127.0.0.1:8765/callback`. */
  readonly redirectUri?: string | undefined
  readonly fetch?: FetchLike | undefined
}

const isLocal = ({ protocol, hostname }: URL) => protocol === 'http:' && isOwnHost(hostname)

/** Whether answers at this redirect URI can be received by this machine (RFC 8252 §7.3). */
export const isLoopbackRedirectUri = (redirectUri: string): boolean =>
  URL.canParse(redirectUri) && isLocal(new URL(redirectUri))

/**
 * The person's own browser, with answers at a loopback port (RFC 8252 §7.3). The person opens `pageUrl` and signs in once in
 * a second window, which is then sent from each answer to the next request. It sees answers at any path, port and name of
 * this machine.
 * @throws `config_invalid` for another redirect URI, or if its port is taken
 * @example
 * ```ts
 * import { audit, loopbackBrowser } from 'proofkey/audit'
 *
 * const report = await audit({
 *   issuer: 'http://localhost:3000',
 *   clients: [{ clientId: 'my-spa' }],
 *   browser: await loopbackBrowser(),
 * })
 * ```
 */
export async function loopbackBrowser({
  redirectUri = DEFAULT_REDIRECT_URI,
  fetch,
}: LoopbackBrowserOptions = {}): Promise<PersonBrowser> {
  if (!isLoopbackRedirectUri(redirectUri))
    throw configInvalid(['redirectUri: must be an http URL of 127.0.0.1, [::1] or localhost'])
  const port = Number(new URL(redirectUri).port || 80)
  return createPersonBrowser({ redirectUri, port, receives: 'loopback', observes: isLocal, fetch })
}
